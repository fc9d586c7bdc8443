/** German: settings, recording, the board, statistics, polls, files and the connection test. */
import type { Words } from "../../call/words";

export default {
  "1 person has voted": "1 Person hat abgestimmt",
  "A picture of mine": "Ein eigenes Bild",
  "A poll needs a question and two different answers. You can have three open at a time.":
    "Eine Umfrage braucht eine Frage und zwei verschiedene Antworten. Sie können drei zugleich offen haben.",
  "Another picture": "Ein anderes Bild",
  "Another program may be using the camera. Close it, then try again.":
    "Vielleicht benutzt ein anderes Programm die Kamera. Schließen Sie es und versuchen Sie es noch einmal.",
  "Another program may be using the microphone. Close it, then try again.":
    "Vielleicht benutzt ein anderes Programm das Mikrofon. Schließen Sie es und versuchen Sie es noch einmal.",
  "Answer {n}": "Antwort {n}",
  "As it is": "Wie er ist",
  "Ask everybody": "Alle fragen",
  "Ask who runs your network to let UDP through to {host}, port {port}.":
    "Bitten Sie, wer Ihr Netz betreibt, UDP zu {host}, Port {port}, durchzulassen.",
  "Ask who runs your network to let websockets through to {host}, or try another network.":
    "Bitten Sie, wer Ihr Netz betreibt, Websockets zu {host} durchzulassen, oder versuchen Sie es in einem anderen Netz.",
  "At least 8 characters, better several words. Write it down: without it nobody opens the recording, you neither. To open it: incamera-peer open-recording FILE":
    "Mindestens 8 Zeichen, besser mehrere Wörter. Schreiben Sie sie auf: ohne sie öffnet niemand die Aufzeichnung, auch Sie nicht. So wird sie geöffnet: incamera-peer open-recording DATEI",
  Background: "Hintergrund",
  "Being tried": "Wird versucht",
  "Bit rate": "Bitrate",
  Blurred: "Unscharf",
  "Camera on or off": "Kamera an oder aus",
  "Camera on or off, in fields, too": "Kamera ein oder aus, auch in Feldern",
  "Check your connection. If other pages work, tell who runs the server.":
    "Prüfen Sie Ihre Verbindung. Gehen andere Seiten, sagen Sie es denen, die den Server betreiben.",
  Close: "Schließen",
  "Close keyboard help": "Tastenhilfe schließen",
  "Close poll": "Umfrage beenden",
  "Close settings": "Einstellungen schließen",
  "Close statistics": "Statistik schließen",
  "Close what is open": "Schließen, was offen ist",
  Codec: "Codec",
  "Connect a camera and try again, or join without one.":
    "Schließen Sie eine Kamera an und versuchen Sie es noch einmal, oder treten Sie ohne bei.",
  "Connect a microphone and try again, or join without one.":
    "Schließen Sie ein Mikrofon an und versuchen Sie es noch einmal, oder treten Sie ohne bei.",
  "Connection test": "Verbindungstest",
  "Could not be tried": "Konnte nicht versucht werden",
  "Counted by this browser. Nobody is told.": "Von diesem Browser gezählt. Niemand erfährt davon.",
  Delete: "Löschen",
  "Does not get through": "Kommt nicht durch",
  "Every way from this browser to the server is tried. Nobody else is asked, and nothing is kept.":
    "Jeder Weg von diesem Browser zum Server wird versucht. Niemand sonst wird gefragt, und nichts wird aufbewahrt.",
  "Everybody is told before it begins, and as long as it goes on. The recording is written in this browser; the server gets nothing of it.":
    "Alle erfahren es, bevor es beginnt und solange es dauert. Die Aufzeichnung entsteht in diesem Browser; der Server bekommt nichts davon.",
  "Everybody sees who chose what: the names are part of the sealed votes.":
    "Alle sehen, wer was gewählt hat: Die Namen gehören zu den versiegelten Stimmen.",
  "Everyone alike, or who speaks large": "Alle gleich, oder wer spricht groß",
  "Everything gets through": "Alles kommt durch",
  Fetch: "Holen",
  "Fetching {name}": "{name} wird geholt",
  "Files being sent": "Dateien, die gesendet werden",
  "Firefox blocks the camera for this page. Click the crossed-out camera beside the address, remove the block, then try again.":
    "Firefox sperrt die Kamera für diese Seite. Klicken Sie auf die durchgestrichene Kamera neben der Adresse, heben Sie die Sperre auf und versuchen Sie es noch einmal.",
  "Firefox blocks the microphone for this page. Click the crossed-out microphone beside the address, remove the block, then try again.":
    "Firefox sperrt das Mikrofon für diese Seite. Klicken Sie auf das durchgestrichene Mikrofon neben der Adresse, heben Sie die Sperre auf und versuchen Sie es noch einmal.",
  "Frames dropped: {why}": "Verworfene Frames: {why}",
  "Frames not sent for want of a key": "Mangels Schlüssel nicht gesendete Frames",
  "Frames opened": "Geöffnete Frames",
  "Frames sealed": "Versiegelte Frames",
  "From this network meetings go as they go best.":
    "Aus diesem Netz gehen Treffen so gut, wie es geht.",
  "Gets through": "Kommt durch",
  "Hide picture": "Bild verbergen",
  "Hold it to talk while muted": "Halten, um stumm zu sprechen",
  "Hold the space bar to talk while muted":
    "Leertaste halten, um zu sprechen, während man stumm ist",
  "It could not be read to the end. It may have changed meanwhile: choose it again.":
    "Sie ließ sich nicht zu Ende lesen. Vielleicht wurde sie inzwischen geändert: Wählen Sie sie neu aus.",
  Jitter: "Jitter",
  Language: "Sprache",
  Lost: "Verloren",
  "Meetings work": "Treffen gehen",
  "Meetings work, by the relay": "Treffen gehen, über das Relais",
  "Meetings work, by the relay only": "Treffen gehen, nur über das Relais",
  "Meetings work, with a detour": "Treffen gehen, mit einem Umweg",
  "Microphone on or off": "Mikrofon an oder aus",
  "Microphone on or off, in fields, too": "Mikrofon ein oder aus, auch in Feldern",
  "Noise can't be taken out here: your browser plays no sound to work on, or lacks what it needs. You are heard as before.":
    "Geräusche lassen sich hier nicht entfernen: Ihr Browser gibt keinen Ton wieder, oder ihm fehlt etwas dafür. Man hört Sie wie zuvor.",
  "Not offered by this server": "Bietet dieser Server nicht an",
  "Not tried yet": "Noch nicht versucht",
  "Nothing at the moment.": "Im Moment nichts.",
  "Nothing but TLS gets through. Sound and pictures go inside it, where they may falter.":
    "Nur TLS kommt durch. Ton und Bild gehen darin, wo sie stocken können.",
  "Nothing is recorded: the others could not be told. Try again in a moment.":
    "Nichts wird aufgezeichnet: die anderen konnten nicht informiert werden. Versuchen Sie es gleich noch einmal.",
  Passphrase: "Passphrase",
  Picture: "Bild",
  "Pin that picture, or let it go": "Dieses Bild anheften oder lösen",
  Polls: "Umfragen",
  Question: "Frage",
  "Raise or lower your hand": "Hand heben oder senken",
  "Really delete": "Wirklich löschen",
  Received: "Empfangen",
  "Record this meeting": "Diese Besprechung aufzeichnen",
  "Recordings in this browser": "Aufzeichnungen in diesem Browser",
  "Remembered in this browser only.": "Nur in diesem Browser gemerkt.",
  "Round trip": "Umlaufzeit",
  "Safari blocks the camera for this page. Open the settings for this website from the menu beside the address, allow Camera, then try again.":
    "Safari sperrt die Kamera für diese Seite. Öffnen Sie im Menü neben der Adresse die Einstellungen für diese Website, erlauben Sie die Kamera und versuchen Sie es noch einmal.",
  "Safari blocks the microphone for this page. Open the settings for this website from the menu beside the address, allow Microphone, then try again.":
    "Safari sperrt das Mikrofon für diese Seite. Öffnen Sie im Menü neben der Adresse die Einstellungen für diese Website, erlauben Sie das Mikrofon und versuchen Sie es noch einmal.",
  Save: "Speichern",
  "Save the report": "Bericht sichern",
  Screen: "Bildschirm",
  "Seal it with a passphrase": "Mit einer Passphrase versiegeln",
  "Sending {name}": "{name} wird gesendet",
  Sent: "Gesendet",
  "Several answers may be chosen": "Mehrere Antworten sind möglich",
  "Save data: small pictures, and a smaller one of me":
    "Daten sparen: kleine Bilder, und ein kleineres von mir",
  "Close the board": "Tafel schließen",
  "Only hosts draw now.": "Jetzt zeichnen nur Gastgeber.",
  "The settings of this computer keep the camera from your browser. Allow it there, under privacy, then try again.":
    "Die Einstellungen dieses Computers geben die Kamera nicht an den Browser. Erlauben Sie sie dort unter Datenschutz und versuchen Sie es noch einmal.",
  "The settings of this computer keep the microphone from your browser. Allow it there, under privacy, then try again.":
    "Die Einstellungen dieses Computers geben das Mikrofon nicht an den Browser. Erlauben Sie es dort unter Datenschutz und versuchen Sie es noch einmal.",
  Tool: "Werkzeug",
  Pen: "Stift",
  Line: "Linie",
  Box: "Rechteck",
  Oval: "Oval",
  Text: "Text",
  Colour: "Farbe",
  Black: "Schwarz",
  Red: "Rot",
  Green: "Grün",
  Blue: "Blau",
  Brown: "Braun",
  Violet: "Violett",
  Size: "Größe",
  fine: "fein",
  thick: "dick",
  "Text to place": "Text, der hinsoll",
  "Erase what is mine": "Meines wegwischen",
  "Save as SVG": "Als SVG speichern",
  "Save as PNG": "Als PNG speichern",
  "With the arrow keys you move the cross, Enter begins and ends a stroke.":
    "Mit den Pfeiltasten bewegen Sie das Kreuz, Enter beginnt und beendet einen Strich.",
  "Board with 1 stroke": "Tafel mit 1 Strich",
  "Board with {n} strokes": "Tafel mit {n} Strichen",
  Drawn: "Gezeichnet",
  "First write what is to be on the board.": "Schreiben Sie zuerst, was an die Tafel soll.",
  "Show me as in a mirror": "Mich wie im Spiegel zeigen",
  "Show picture": "Bild zeigen",
  "Sound and pictures by TCP": "Ton und Bild über TCP",
  "Sound and pictures by UDP": "Ton und Bild über UDP",
  "Sound and pictures do not get through": "Ton und Bild kommen nicht durch",
  "Sound and pictures go by UDP. A way around it does not get through, and is not needed here.":
    "Ton und Bild gehen über UDP. Ein Weg darum herum kommt nicht durch und wird hier nicht gebraucht.",
  "Sound of the screen": "Ton des Bildschirms",
  Source: "Quelle",
  Stop: "Stopp",
  Streams: "Datenströme",
  "Take noise out of my microphone": "Geräusche aus meinem Mikrofon entfernen",
  "Tell everybody and record": "Alle informieren und aufzeichnen",
  "Telling the others…": "Die anderen werden informiert…",
  "Test again": "Noch einmal testen",
  "Test the speaker": "Lautsprecher prüfen",
  "The camera does not start": "Die Kamera startet nicht",
  "The connection was lost while it was sent. Try again.":
    "Die Verbindung ging beim Senden verloren. Versuchen Sie es noch einmal.",
  "The line to the server (websocket)": "Die Leitung zum Server (Websocket)",
  "The line to the server is cut on the way": "Die Leitung zum Server wird unterwegs gekappt",
  "The microphone does not start": "Das Mikrofon startet nicht",
  "The microphone is blocked": "Das Mikrofon ist gesperrt",
  "The page (HTTPS)": "Die Seite (HTTPS)",
  "The page and its line reach the server. No way for sound and pictures does.":
    "Die Seite und ihre Leitung erreichen den Server. Kein Weg für Ton und Bild tut es.",
  "The page gets through, and its websocket does not: a proxy, a filter or a virus scanner in between stops it.":
    "Die Seite kommt durch, ihr Websocket nicht: Ein Proxy, ein Filter oder ein Virenscanner dazwischen hält ihn auf.",
  "The recording ended: this browser can't write it. Is the disk full, or is this a private window?":
    "Die Aufzeichnung ist zu Ende: dieser Browser kann sie nicht schreiben. Ist die Platte voll, oder ist dies ein privates Fenster?",
  "The recording is in this browser only. Save it before you clear its data.":
    "Die Aufzeichnung liegt nur in diesem Browser. Speichern Sie sie, bevor Sie seine Daten löschen.",
  "The relay by TCP (TURN)": "Das Relais über TCP (TURN)",
  "The relay by UDP (TURN)": "Das Relais über UDP (TURN)",
  "The relay in TLS (TURN)": "Das Relais in TLS (TURN)",
  "The server does not answer. Try again when you are connected.":
    "Der Server antwortet nicht. Versuchen Sie es noch einmal, wenn Sie verbunden sind.",
  "The server does not answer. Trying on.": "Der Server antwortet nicht. Weitere Versuche laufen.",
  "The server has no more room for files of this meeting. Try again later.":
    "Der Server hat keinen Platz mehr für Dateien dieses Treffens. Versuchen Sie es später noch einmal.",
  "The server takes no more tests now.": "Der Server nimmt gerade keine weiteren Tests an.",
  "The test could not be finished": "Der Test konnte nicht beendet werden",
  "This is not a picture that the browser can read.":
    "Das ist kein Bild, das der Browser lesen kann.",
  "This list": "Diese Liste",
  "This takes up to half a minute.": "Das dauert bis zu einer halben Minute.",
  "Time to open a frame": "Zeit, einen Frame zu öffnen",
  "Time to seal a frame": "Zeit, einen Frame zu versiegeln",
  "Too many files at once. Wait until some of them are sent.":
    "Zu viele Dateien auf einmal. Warten Sie, bis einige gesendet sind.",
  "Try another network. If it is the same there, who runs the server has to open port {port} for UDP and TCP and to name its public address: `incamera doctor` tells what is wrong.":
    "Versuchen Sie es in einem anderen Netz. Ist es dort ebenso, muss, wer den Server betreibt, Port {port} für UDP und TCP öffnen und die öffentliche Adresse nennen: `incamera doctor` sagt, was nicht stimmt.",
  "UDP does not get through. Sound and pictures go by TCP, where they may falter.":
    "UDP kommt nicht durch. Ton und Bild gehen über TCP, wo sie stocken können.",
  "Use a headset as soon as it is plugged in": "Ein Headset benutzen, sobald es eingesteckt ist",
  "Use single keys": "Einzelne Tasten benutzen",
  "Wait a minute, then test again.": "Warten Sie eine Minute, dann testen Sie noch einmal.",
  "What the server has is not the file that was sent. It was thrown away: ask for it again.":
    "Was der Server hat, ist nicht die gesendete Datei. Es wurde verworfen: Bitten Sie noch einmal darum.",
  "Whoever gets at the file can watch it.": "Wer an die Datei kommt, kann sie ansehen.",
  "You are muted; nobody hears this": "Sie sind stumm; das hört niemand",
  "You are recording": "Sie zeichnen auf",
  "You ask": "Sie fragen",
  "Your browser blocks the microphone for this page. Click the symbol beside the address, allow Microphone, then try again.":
    "Ihr Browser sperrt das Mikrofon für diese Seite. Klicken Sie auf das Zeichen neben der Adresse, erlauben Sie das Mikrofon und versuchen Sie es noch einmal.",
  "Your browser kept this page, and reaches nothing of the server now.":
    "Ihr Browser hatte diese Seite behalten und erreicht nun nichts vom Server.",
  "Your browser names none yet. Switch it on first.":
    "Ihr Browser nennt noch keine. Schalten Sie erst ein.",
  "Your browser plays no sound, so none is recorded":
    "Ihr Browser gibt keinen Ton wieder, darum wird keiner aufgezeichnet",
  "altered, or under a wrong key": "verändert oder mit falschem Schlüssel",
  "no key yet": "noch kein Schlüssel",
  "of somebody else than announced": "von jemand anderem als angekündigt",
  "of what the host has switched off": "von dem, was der Gastgeber abgeschaltet hat",
  "sent twice": "doppelt gesendet",
  "several answers": "mehrere Antworten",
  "{names}: recording": "{names}: Aufzeichnung läuft",
  "{name} asks": "{name} fragt",
  "{n} people have voted": "{n} Personen haben abgestimmt",
  "“{name}” is too large: this server takes files of up to {size}.":
    "„{name}“ ist zu groß: Dieser Server nimmt Dateien bis {size}.",
  "UDP gets through, but not to the address that the server gives. Either that is wrong, or it is a private one with a port below 1024, which Chromium and its relatives do not take. Sound and pictures go by the server's relay, which costs the server more.":
    "UDP kommt durch, aber nicht zu der Adresse, die der Server nennt. Entweder ist sie falsch, oder es ist eine private mit einem Port unter 1024, die Chromium und seine Verwandten nicht nehmen. Ton und Bild gehen über das Relais des Servers, was den Server mehr kostet.",
  "Tell who runs the server: `incamera doctor` says which of the two it is.":
    "Sagen Sie es dem Betreiber des Servers: `incamera doctor` sagt, was von beidem es ist.",
} satisfies Words;
