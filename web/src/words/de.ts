/** German. */
import type { Words } from "../call/words";
import emoji from "./emoji/de";
import hosts from "./hosts/de";
import operators from "./operators/de";
import tools from "./tools/de";

export default {
  ...emoji,
  ...hosts,
  ...operators,
  ...tools,
  "(you)": "(Sie)",
  "1 more person": "1 weitere Person",
  "1 person": "1 Person",
  "1 person waits to be let in.": "1 Person wartet auf Einlass.",
  "A link is enough.": "Ein Link genügt.",
  "A name has at most 64 characters, and no invisible ones.":
    "Ein Name hat höchstens 64 Zeichen und keine unsichtbaren.",
  Admit: "Einlassen",
  "Admit all": "Alle einlassen",
  "Admit {name}": "{name} einlassen",
  "Another version": "Eine andere Version",
  Applause: "Applaus",
  "Ask somebody to leave, or wait and try again.":
    "Bitten Sie jemanden zu gehen, oder warten Sie und versuchen Sie es noch einmal.",
  "Ask who runs this server for an invite link, and open it in this browser. If you had one, it holds no longer. To join a meeting you need its link only.":
    "Bitten Sie den Betreiber dieses Servers um einen Einladungslink und öffnen Sie ihn in diesem Browser. Hatten Sie schon einen, gilt er nicht mehr. Um einem Treffen beizutreten, genügt dessen Link.",
  "Back to the lobby": "Zurück in den Warteraum",
  "Back to the start": "Zurück zum Anfang",
  "Before you join · Incamera": "Vor dem Beitreten · Incamera",
  Begins: "Beginnt",
  "By the old one nobody comes in any more. Ask the host for the new link.":
    "Mit dem alten kommt niemand mehr hinein. Bitten Sie den Gastgeber um den neuen Link.",
  "By this link the server no longer knows it, and does not take it back. If the link was changed, ask for the new one.":
    "Unter diesem Link kennt der Server es nicht mehr und nimmt es nicht zurück. Wenn der Link geändert wurde, bitten Sie um den neuen.",
  "By who runs this server. It can't be begun again with this link.":
    "Von dem, der diesen Server betreibt. Mit diesem Link lässt es sich nicht wieder beginnen.",
  Camera: "Kamera",
  "Camera off": "Kamera aus",
  "Camera on": "Kamera an",
  "Can't go on · Incamera": "Es geht nicht weiter · Incamera",
  Cancel: "Abbrechen",
  Chat: "Chat",
  "Chat messages": "Chatnachrichten",
  "Check your connection, then try again.":
    "Prüfen Sie Ihre Verbindung und versuchen Sie es noch einmal.",
  "Choose camera": "Kamera wählen",
  "Choose microphone": "Mikrofon wählen",
  "Close (Esc)": "Schließen (Esc)",
  "Close invite": "Einladung schließen",
  "Close the small window": "Kleines Fenster schließen",
  "Close {name}": "{name} schließen",
  "Co-host": "Mitgastgeber",
  "Code and calendar": "Code und Kalender",
  "Compare again: {n} of {all} are new to you.":
    "Vergleichen Sie noch einmal: {n} von {all} sind neu für Sie.",
  "Compare again: {n} of {all} is new to you.":
    "Vergleichen Sie noch einmal: {n} von {all} ist neu für Sie.",
  "Compare numbers": "Zahlen vergleichen",
  "Compared with everyone here.": "Mit allen hier verglichen.",
  Copied: "Kopiert",
  Copy: "Kopieren",
  "Copy invitation link": "Einladungslink kopieren",
  "Copy message": "Nachricht kopieren",
  "Copy the new link": "Neuen Link kopieren",
  Devices: "Geräte",
  Dismiss: "Ausblenden",
  "Drop to send the file": "Loslassen, um die Datei zu senden",
  "Enter sends, Shift and Enter begin a new line.":
    "Eingabe sendet, Umschalt und Eingabe beginnen eine neue Zeile.",
  Epoch: "Epoche",
  Everyone: "Alle",
  "Everyone sees the same": "Alle sehen dieselben",
  "Find somebody": "Jemanden suchen",
  "For the calendar": "Für den Kalender",
  "Full screen": "Vollbild",
  "Go back": "Zurück",
  Hand: "Hand",
  Heart: "Herz",
  "Hide own view": "Eigenes Bild ausblenden",
  Host: "Gastgeber",
  "How many take part, and how often keys change":
    "Wie viele teilnehmen, und wie oft Schlüssel wechseln",
  "How much is sent and when, and which sources are switched on":
    "Wie viel wann gesendet wird, und welche Quellen an sind",
  "How you look and sound": "Wie man Sie sieht und hört",
  "If everyone sees the same, nobody is in between.":
    "Wenn alle dieselben sehen, ist niemand dazwischen.",
  "In detail": "Im Einzelnen",
  Incamera: "Incamera",
  "Internet addresses, and when somebody is here": "Internetadressen, und wann jemand da ist",
  "Invitation link": "Einladungslink",
  "Invitation link copied. Whoever has it can join, so send it by a way you trust.":
    "Einladungslink kopiert. Wer ihn hat, kann beitreten: Senden Sie ihn auf einem Weg, dem Sie trauen.",
  Invite: "Einladen",
  "It can't be joined again by this link until the host opens it again.":
    "Mit diesem Link kommt man nicht wieder hinein, bis der Gastgeber es wieder öffnet.",
  "It can't encrypt pictures and sound by itself, and Incamera has no other way. Use Firefox 117, Chrome or Edge 141, Safari 15.4, or newer.":
    "Er kann Bild und Ton nicht selbst verschlüsseln, und Incamera hat keinen anderen Weg. Nehmen Sie Firefox 117, Chrome oder Edge 141, Safari 15.4 oder neuer.",
  "It could not be copied. Select it and copy it by hand.":
    "Es ließ sich nicht kopieren. Markieren und kopieren Sie es von Hand.",
  "It does not see": "Er sieht nicht",
  "It is no longer on the server. Ask the sender to send it again.":
    "Sie ist nicht mehr auf dem Server. Bitten Sie, sie noch einmal zu senden.",
  "It lacks the cryptography that meetings are sealed with (Ed25519 and X25519). A newer version has it.":
    "Ihm fehlt die Kryptografie, mit der Treffen versiegelt werden (Ed25519 und X25519). Eine neuere Version hat sie.",
  "It took too long. Try again.": "Es hat zu lange gedauert. Versuchen Sie es noch einmal.",
  "Its files do not fit its own list. This browser took nothing of it, and keeps what it had. Ask who runs this server.":
    "Ihre Dateien passen nicht zu ihrer eigenen Liste. Dieser Browser hat nichts davon übernommen und behält, was er hatte. Fragen Sie, wer diesen Server betreibt.",
  Join: "Beitreten",
  "Join again": "Wieder beitreten",
  "Join again to come back.": "Treten Sie wieder bei, um zurückzukommen.",
  "Joining. The keys come from the people inside, not from the server.":
    "Sie treten bei. Die Schlüssel kommen von den Leuten drinnen, nicht vom Server.",
  "Keep mine": "Meine behalten",
  Keyboard: "Tastatur",
  "Keyboard (?)": "Tastatur (?)",
  Keys: "Schlüssel",
  Laughter: "Lachen",
  Leave: "Verlassen",
  "Leave full screen": "Vollbild beenden",
  Listener: "Hört zu",
  "Loading…": "Wird geladen…",
  Lobby: "Warteraum",
  Locked: "Abgeschlossen",
  Lower: "Senken",
  "Lower hand": "Hand senken",
  "MLS with X-Wing (ML-KEM-768 and X25519), AES-256-GCM, SHA-384, Ed25519":
    "MLS mit X-Wing (ML-KEM-768 und X25519), AES-256-GCM, SHA-384, Ed25519",
  "MLS with X25519, AES-128-GCM, SHA-256, Ed25519": "MLS mit X25519, AES-128-GCM, SHA-256, Ed25519",
  "Making a meeting here needs an invite": "Treffen anlegen darf hier nur, wer eingeladen ist",
  "Making a meeting here needs signing in": "Treffen anlegen darf hier nur, wer sich anmeldet",
  "Making the keys in your browser.": "Die Schlüssel entstehen in Ihrem Browser.",
  Media: "Medien",
  "Meet behind closed doors.": "Treffen hinter verschlossenen Türen.",
  Meeting: "Treffen",
  "Meeting controls": "Bedienung des Treffens",
  "Meeting title (optional)": "Titel des Treffens (freiwillig)",
  "Meeting · Incamera": "Treffen · Incamera",
  "Meetings need a secure address, one that begins with https:// (or localhost). Ask who runs this server.":
    "Treffen brauchen eine sichere Adresse, die mit https:// beginnt (oder localhost). Fragen Sie, wer diesen Server betreibt.",
  "Menu of {name}": "Menü von {name}",
  Message: "Nachricht",
  "Message to all who wait": "Nachricht an alle, die warten",
  "Message to {name}": "Nachricht an {name}",
  Messages: "Nachrichten",
  Microphone: "Mikrofon",
  "Microphone level": "Mikrofonpegel",
  More: "Mehr",
  "More security options": "Weitere Sicherheitsoptionen",
  "Move own view": "Eigenes Bild verschieben",
  Mute: "Stumm",
  "Mute microphone": "Mikrofon stumm schalten",
  "Names and the meeting's title": "Namen und den Titel des Treffens",
  "New meeting": "Neues Treffen",
  "New poll": "Neue Umfrage",
  "Next page": "Nächste Seite",
  "No camera found": "Keine Kamera gefunden",
  "No microphone found": "Kein Mikrofon gefunden",
  "No trackers, no other servers.": "Keine Verfolger, keine anderen Server.",
  "Nobody else can join it again by this link until you open it again.":
    "Niemand sonst kommt mit diesem Link wieder hinein, bis Sie es wieder öffnen.",
  "Nobody else can read it.": "Niemand sonst kann es lesen.",
  "Nobody else gets in.": "Niemand sonst kommt herein.",
  "Nobody else involved.": "Niemand sonst beteiligt.",
  "Nobody here is called that.": "So heißt hier niemand.",
  "Nobody is there yet.": "Noch ist niemand da.",
  "Nobody saw or heard you. If you think that it is a mistake, tell the person who invited you.":
    "Niemand hat Sie gesehen oder gehört. Halten Sie es für einen Irrtum, sagen Sie es der Person, die Sie eingeladen hat.",
  "Not every browser knows all of these characters.":
    "Nicht jeder Browser kennt alle diese Zeichen.",
  "Nothing leaves this browser before it can be sealed.":
    "Nichts verlässt diesen Browser, ehe es versiegelt werden kann.",
  "Nothing to install.": "Nichts zu installieren.",
  "Nothing written yet. Messages are sealed like everything else, and who joins later does not see earlier ones.":
    "Noch nichts geschrieben. Nachrichten sind versiegelt wie alles andere, und wer später kommt, sieht frühere nicht.",
  "Now using {name}": "Jetzt in Gebrauch: {name}",
  Off: "Aus",
  On: "An",
  "One person is there.": "Eine Person ist da.",
  Open: "Öffnen",
  "Open it again": "Wieder öffnen",
  "Or an invite link, which you get from who runs this server. To join a meeting you need its link only.":
    "Oder wer einen Einladungslink hat; den bekommen Sie von dem, der diesen Server betreibt. Für die Teilnahme an einem Treffen genügt dessen Link.",
  "Page before": "Vorige Seite",
  Pages: "Seiten",
  Party: "Party",
  "Paste a meeting link": "Link eines Treffens einfügen",
  People: "Leute",
  "People in the meeting": "Leute im Treffen",
  Pictures: "Bilder",
  "Pictures and sound do not get through. Your network may block them; this page keeps trying.":
    "Bild und Ton kommen nicht durch. Vielleicht sperrt Ihr Netz sie; diese Seite versucht es weiter.",
  "Pictures and voices": "Bilder und Stimmen",
  Pin: "Anheften",
  "Pin {name}": "{name} anheften",
  "Play sound": "Ton abspielen",
  "Post-quantum keys": "Post-Quanten-Schlüssel",
  "QR code of the invitation link": "QR-Code des Einladungslinks",
  "Quantum computers": "Quantencomputer",
  "Raise hand": "Hand heben",
  Reactions: "Reaktionen",
  "Read these numbers aloud": "Lesen Sie diese Zahlen vor",
  "Ready to join?": "Bereit?",
  "Receiving the keys of {name}, usually under 2 seconds":
    "Schlüssel von {name} werden empfangen, meist unter 2 Sekunden",
  Reconnecting: "Neu verbinden",
  "Reconnecting. The server does not answer; you will be back by yourself.":
    "Neu verbinden. Der Server antwortet nicht; Sie kommen von selbst zurück.",
  "Record…": "Aufzeichnen…",
  Refuse: "Abweisen",
  "Refuse {name}": "{name} abweisen",
  "Reload the page. If that does not help, try another browser.":
    "Laden Sie die Seite neu. Hilft das nicht, nehmen Sie einen anderen Browser.",
  Remove: "Entfernen",
  "Remove and change link": "Entfernen und Link ändern",
  "Remove {name}": "{name} entfernen",
  "Remove {name}, and switch the lobby on?": "{name} entfernen und den Warteraum einschalten?",
  "Rules of the meeting": "Regeln des Treffens",
  "Run this server": "Diesen Server betreiben",
  "Save calendar file": "Kalenderdatei sichern",
  Sealed: "Versiegelt",
  "Sealed, always.": "Immer versiegelt.",
  Security: "Sicherheit",
  "Security of this meeting": "Sicherheit dieser Besprechung",
  Send: "Senden",
  "Send a file": "Datei senden",
  "Send the link to those who should come, by a way you trust.":
    "Senden Sie den Link denen, die kommen sollen, auf einem Weg, dem Sie trauen.",
  Settings: "Einstellungen",
  Share: "Teilen",
  "Share screen": "Bildschirm teilen",
  Show: "Zeigen",
  "Show everyone alike": "Alle gleich zeigen",
  "The host has changed the invitation link. By the old one nobody comes in any more.":
    "Der Gastgeber hat den Einladungslink geändert. Mit dem alten kommt niemand mehr hinein.",
  "The link is wrong or was changed, or the meeting is over. Ask for a new link.":
    "Der Link ist falsch oder wurde geändert, oder das Treffen ist vorbei. Bitten Sie um einen neuen.",
  "The link of this meeting was changed": "Der Link dieses Treffens wurde geändert",
  "The meeting has a new link. Send it to those who are still to come.":
    "Das Treffen hat einen neuen Link. Schicken Sie ihn denen, die noch kommen sollen.",
  "{name} shows you large to everybody.": "{name} zeigt Sie allen groß.",
  Board: "Tafel",
  "{name} draws on the board": "{name} zeichnet an die Tafel",
  medium: "mittel",
  "Show my background": "Meinen Hintergrund zeigen",
  "Show who speaks large": "Wer spricht, groß zeigen",
  "Shown to the others, not to the server.": "Den anderen gezeigt, nicht dem Server.",
  "Sign in": "Anmelden",
  "Small window": "Kleines Fenster",
  "Somebody in the meeting has to let you in.": "Jemand im Treffen muss Sie einlassen.",
  "Something would have left unsealed": "Etwas wäre unversiegelt hinausgegangen",
  "Sound only": "Nur Ton",
  "Speak, and the bars move": "Sprechen Sie, und die Balken bewegen sich",
  Speaker: "Lautsprecher",
  Stage: "Bühne",
  Statistics: "Statistik",
  "Stop recording": "Aufzeichnung beenden",
  "Stop sharing": "Teilen beenden",
  Surprise: "Staunen",
  "Take it": "Übernehmen",
  Takes: "Dauert",
  "Test your connection": "Verbindung testen",
  "The camera is blocked": "Die Kamera ist gesperrt",
  "The encryption of this page failed.": "Die Verschlüsselung dieser Seite ist fehlgeschlagen.",
  "The host did not let you in": "Der Gastgeber hat Sie nicht eingelassen",
  "The host does not let you share.": "Der Gastgeber lässt Sie nicht teilen.",
  "The host does not let you write.": "Der Gastgeber lässt Sie nicht schreiben.",
  "The host ended the meeting for all": "Der Gastgeber hat das Treffen für alle beendet",
  "The host has muted you.": "Der Gastgeber hat Sie stumm geschaltet.",
  "The host has muted you. You can speak again when the host lets you.":
    "Der Gastgeber hat Sie stumm geschaltet. Sie können wieder sprechen, wenn er es erlaubt.",
  "The host keeps your camera off.": "Der Gastgeber hält Ihre Kamera aus.",
  "The host removed you from the meeting": "Der Gastgeber hat Sie aus dem Treffen entfernt",
  "The host sent you back to the lobby": "Der Gastgeber hat Sie in den Warteraum zurückgeschickt",
  "The keys are made on your devices. They never leave them for this server.":
    "Die Schlüssel entstehen auf Ihren Geräten. Zu diesem Server kommen sie nie.",
  "The keys of this meeting are gone from this page.":
    "Die Schlüssel dieser Besprechung sind von dieser Seite verschwunden.",
  "The keys of this meeting are gone from this page. By the same link you can ask to come back; then you wait until the host lets you in.":
    "Die Schlüssel dieser Besprechung sind von dieser Seite verschwunden. Mit demselben Link können Sie um Wiedereinlass bitten; dann warten Sie, bis der Gastgeber Sie einlässt.",
  "The link could not be copied. Select it and copy it by hand.":
    "Der Link ließ sich nicht kopieren. Markieren und kopieren Sie ihn von Hand.",
  "The lobby is on: who comes waits until the host lets them in.":
    "Der Warteraum ist an: Wer kommt, wartet, bis der Gastgeber einlässt.",
  "The meeting can't go on": "Das Treffen kann nicht weitergehen",
  "The meeting is locked: nobody else gets in.":
    "Das Treffen ist abgeschlossen: Niemand sonst kommt herein.",
  "The meeting is over": "Das Treffen ist vorbei",
  "The meeting was ended": "Das Treffen wurde beendet",
  "The meeting's group cannot be followed. Leave and join again.":
    "Der Gruppe des Treffens lässt sich nicht folgen. Gehen Sie und treten Sie wieder bei.",
  "The meeting's name in this link is damaged. Copy the whole link again.":
    "Der Name des Treffens in diesem Link ist beschädigt. Kopieren Sie den ganzen Link noch einmal.",
  "The numbers come with the keys.": "Die Zahlen kommen mit den Schlüsseln.",
  "The others see your screen.": "Die anderen sehen Ihren Bildschirm.",
  "The page's encryption does not start": "Die Verschlüsselung der Seite startet nicht",
  "The page's encryption stopped": "Die Verschlüsselung der Seite hat aufgehört",
  "The page's encryption stopped.": "Die Verschlüsselung der Seite hat aufgehört.",
  "The screen could not be shared. Try another window, or restart the browser.":
    "Der Bildschirm ließ sich nicht teilen. Nehmen Sie ein anderes Fenster, oder starten Sie den Browser neu.",
  "The secret in this link is damaged. Copy the whole link again.":
    "Das Geheimnis in diesem Link ist beschädigt. Kopieren Sie den ganzen Link noch einmal.",
  "The server does not answer": "Der Server antwortet nicht",
  "The server has not answered for a minute. This page keeps trying; you can also leave and come back by the link.":
    "Der Server antwortet seit einer Minute nicht. Diese Seite versucht es weiter; Sie können auch gehen und mit dem Link wiederkommen.",
  "The server is full": "Der Server ist voll",
  "The server offers {other}. You are asked when you are out of the meeting.":
    "Der Server bietet {other} an. Sie werden gefragt, wenn Sie die Besprechung verlassen haben.",
  "The server restarts within a minute. The meeting pauses for a moment then, and comes back by itself.":
    "Der Server startet binnen einer Minute neu. Das Treffen hält dann kurz an und geht von selbst weiter.",
  "The server restarts within {n} minutes. The meeting pauses for a moment then, and comes back by itself.":
    "Der Server startet binnen {n} Minuten neu. Das Treffen hält dann kurz an und geht von selbst weiter.",
  "The sign-in service does not answer as it should. Try again later.":
    "Der Anmeldedienst antwortet nicht, wie er sollte. Versuchen Sie es später noch einmal.",
  "The sign-in service said no.": "Der Anmeldedienst hat abgelehnt.",
  "The time that its host has set for it is up. By this link nobody joins it again until the host opens it again.":
    "Die Zeit, die der Gastgeber gesetzt hat, ist um. Mit diesem Link kommt niemand wieder hinein, bis der Gastgeber es wieder öffnet.",
  "Their browsers do not confirm that they see the meeting that you see. A bad network does that for a minute. If it stays, leave and join again; if it comes back, the server may be showing you different meetings: ask them by another way.":
    "Ihre Browser bestätigen nicht, dass sie dieselbe Besprechung sehen wie Sie. Ein schlechtes Netz bewirkt das für eine Minute. Bleibt es, gehen Sie hinaus und kommen Sie wieder; kehrt es zurück, zeigt Ihnen der Server vielleicht verschiedene Besprechungen: Fragen Sie die anderen auf einem anderen Weg.",
  "There is no other mode.": "Es gibt keinen anderen Modus.",
  "This browser can't take part": "Dieser Browser kann nicht teilnehmen",
  "This browser keeps no version: the page came from the server just now.":
    "Dieser Browser behält keine Version: die Seite kam eben vom Server.",
  "This browser may make meetings here from now on.":
    "Dieser Browser darf hier ab jetzt Treffen anlegen.",
  "This device is too slow for it, or the browser lacks what it needs. Your camera is off, so that nobody sees more than you want.":
    "Dieses Gerät ist zu langsam dafür, oder dem Browser fehlt etwas. Ihre Kamera ist aus, damit niemand mehr sieht, als Sie wollen.",
  "This is not a link. Copy the whole invitation link and paste it here.":
    "Das ist kein Link. Kopieren Sie den ganzen Einladungslink und fügen Sie ihn hier ein.",
  "This is not a meeting link.": "Das ist kein Link eines Treffens.",
  "This link belongs to another server, {host}. Open it in the browser's address bar.":
    "Dieser Link gehört zu einem anderen Server, {host}. Öffnen Sie ihn in der Adresszeile des Browsers.",
  "This link does not work": "Dieser Link geht nicht",
  "This link is damaged. Copy the whole link again.":
    "Dieser Link ist beschädigt. Kopieren Sie den ganzen Link noch einmal.",
  "This link is of a kind that this server does not know.":
    "Dieser Link ist von einer Art, die dieser Server nicht kennt.",
  "This link lacks its secret, the part behind the #. Copy the whole link again.":
    "Diesem Link fehlt sein Geheimnis, der Teil hinter dem #. Kopieren Sie den ganzen Link noch einmal.",
  "This link was cut short. Copy the whole link again.":
    "Dieser Link wurde abgeschnitten. Kopieren Sie den ganzen Link noch einmal.",
  "This meeting does not exist": "Dieses Treffen gibt es nicht",
  "This meeting has a lobby or is locked, and goes on when its host is there.":
    "Dieses Treffen hat einen Warteraum oder ist abgeschlossen und geht weiter, wenn der Gastgeber da ist.",
  "This meeting is full": "Dieses Treffen ist voll",
  "This page": "Diese Seite",
  "This person has left. Choose again.": "Diese Person ist gegangen. Wählen Sie neu.",
  "This server can't be trusted with this meeting":
    "Diesem Server ist mit diesem Treffen nicht zu trauen",
  "This server offers another version of this page":
    "Dieser Server bietet eine andere Version dieser Seite an",
  "This server sees": "Dieser Server sieht",
  "This server's page is not what the server says it is":
    "Die Seite dieses Servers ist nicht, was er von ihr sagt",
  "This server's record of the meeting is damaged or forged.":
    "Was dieser Server über das Treffen sagt, ist beschädigt oder gefälscht.",
  "Thumbs up": "Daumen hoch",
  To: "An",
  "Too many attempts": "Zu viele Versuche",
  "Try again": "Noch einmal versuchen",
  "Try again later.": "Versuchen Sie es später.",
  "Turn camera off": "Kamera aus",
  "Turn camera on": "Kamera an",
  Undo: "Rückgängig",
  "Unlock the meeting to let somebody in.":
    "Schließen Sie das Treffen auf, um jemanden einzulassen.",
  Unmute: "Einschalten",
  "Unmute microphone": "Mikrofon einschalten",
  Unpin: "Lösen",
  "Until then nobody sees or hears you, and you see and hear nobody.":
    "Bis dahin sieht und hört Sie niemand, und Sie sehen und hören niemanden.",
  "Version {hash}, kept in this browser since {day}.":
    "Version {hash}, in diesem Browser behalten seit {day}.",
  "Video meetings on your own server, sealed in your browser. Not even this server can watch, listen or read along.":
    "Videotreffen auf dem eigenen Server, im Browser versiegelt. Nicht einmal dieser Server kann zusehen, mithören oder mitlesen.",
  "Volume of {name}": "Lautstärke von {name}",
  Vote: "Abstimmen",
  "Wait a minute, then try again.": "Warten Sie eine Minute und versuchen Sie es noch einmal.",
  Waiting: "Wartende",
  "Waiting for keys": "Warten auf Schlüssel",
  "Waiting for the host": "Warten auf den Gastgeber",
  "Waiting for the picture of {name}": "Warten auf das Bild von {name}",
  "Waiting to be let in": "Warten auf Einlass",
  "What is recorded today stays sealed for them, unless they also have the link.":
    "Was heute aufgezeichnet wird, bleibt auch für sie versiegelt, solange der Link ihnen nicht bekannt ist.",
  "What is recorded today stays sealed for them.":
    "Was heute aufgezeichnet wird, bleibt auch für sie versiegelt.",
  "What this means (S)": "Was das heißt (S)",
  "What to do": "Was tun?",
  "Who comes waits until you let them in.": "Wer kommt, wartet, bis Sie einlassen.",
  "Who is here": "Wer da ist",
  "Who is speaking": "Wer spricht",
  "Who is speaking, while more than 16 microphones are on":
    "Wer spricht, solange mehr als 16 Mikrofone an sind",
  "Who records the meeting today, and also has the link, cannot open it with a quantum computer of tomorrow either. For up to 64 people.":
    "Wer das Treffen heute aufzeichnet und auch den Link hat, kann es auch mit einem Quantencomputer von morgen nicht öffnen. Für bis zu 64 Personen.",
  "Who waits and who is here": "Wer wartet und wer da ist",
  "Whoever has the link, the code or the file can join. Use a way you trust.":
    "Wer Link, Code oder Datei hat, kann beitreten. Nehmen Sie einen Weg, dem Sie trauen.",
  Write: "Schreiben",
  "Write to all": "Allen schreiben",
  "Write to {name}": "{name} schreiben",
  "Yes, remove": "Ja, entfernen",
  You: "Sie",
  "You are a listener now: you see and hear the meeting, and send nothing.":
    "Sie hören jetzt zu: Sie sehen und hören das Treffen und senden nichts.",
  "You are invited to make a meeting here.": "Sie sind eingeladen, hier ein Treffen anzulegen.",
  "You are its host: you can open it again, by the same link and with the same rules.":
    "Sie sind ihr Gastgeber: Sie können sie wieder öffnen, mit demselben Link und denselben Regeln.",
  "You are known to the sign-in service, and not among those who may make meetings. Ask who runs this server. To join a meeting you need its link only.":
    "Der Anmeldedienst kennt Sie, doch Sie gehören nicht zu denen, die Treffen anlegen dürfen. Fragen Sie, wer diesen Server betreibt. Für die Teilnahme an einem Treffen genügt dessen Link.",
  "You are muted.": "Sie sind stumm.",
  "You are muted. Hold the space bar to talk.":
    "Sie sind stumm. Halten Sie die Leertaste, um zu sprechen.",
  "You are not signed in": "Sie sind nicht angemeldet",
  "You are signed in, and may make meetings here.":
    "Sie sind angemeldet und dürfen hier Treffen anlegen.",
  "You are the first one here.": "Sie sind als Erste hier.",
  "You ended the meeting for all": "Sie haben das Treffen für alle beendet",
  "You left the meeting.": "Sie haben das Treffen verlassen.",
  "You left · Incamera": "Verlassen · Incamera",
  "You may not make meetings here": "Sie dürfen hier keine Treffen anlegen",
  "You use {mine}, since {day}. The other one is {other}.":
    "Sie verwenden {mine}, seit {day}. Die andere ist {other}.",
  "Your background can't be hidden here": "Ihr Hintergrund lässt sich hier nicht verbergen",
  "Your browser blocks the camera for this page. Click the symbol beside the address, allow Camera, then try again.":
    "Ihr Browser sperrt die Kamera für diese Seite. Klicken Sie auf das Zeichen neben der Adresse, erlauben Sie die Kamera und versuchen Sie es noch einmal.",
  "Your browser does not play sound yet": "Ihr Browser spielt noch keinen Ton",
  "Your browser sent more than was encrypted, so it was switched off. Reload the page before you switch it on again.":
    "Ihr Browser hat mehr gesendet, als verschlüsselt war, darum wurde abgeschaltet. Laden Sie die Seite neu, ehe Sie wieder einschalten.",
  "Your camera is off": "Ihre Kamera ist aus",
  "Your camera is starting": "Ihre Kamera startet",
  "Your connection is too weak for the picture of {name}":
    "Ihre Verbindung ist zu schwach für das Bild von {name}",
  "Your microphone is off": "Ihr Mikrofon ist aus",
  "Your name": "Ihr Name",
  "a new device: you met this name with another one":
    "ein neues Gerät: Sie kennen diesen Namen mit einem anderen",
  "another tab of yours": "ein anderer Tab von Ihnen",
  "came from this server. An operator who alters it could listen in.":
    "kam von diesem Server. Wer ihn betreibt und sie ändert, könnte mithören.",
  "camera kept off by the host": "Kamera vom Gastgeber ausgeschaltet",
  "camera off": "Kamera aus",
  closed: "beendet",
  "connection too weak for pictures": "Verbindung zu schwach für Bilder",
  device: "Gerät",
  empty: "leer",
  "first seen today": "heute zum ersten Mal gesehen",
  "hand raised": "Hand gehoben",
  "hand raised, place": "Hand gehoben, Platz",
  "has a name that another person here has, too": "hat einen Namen, den hier noch jemand hat",
  "has left": "ist gegangen",
  "has your name, on another device": "hat Ihren Namen, auf einem anderen Gerät",
  "law, Latin: in private": "Recht, lateinisch: nicht öffentlich",
  malformed: "fehlerhaft",
  muted: "stumm",
  "muted by the host": "vom Gastgeber stumm geschaltet",
  "no cameras of others, saves data": "keine Kameras der anderen, spart Daten",
  "numbers compared": "Zahlen verglichen",
  or: "oder",
  page: "Seite",
  reconnecting: "verbindet neu",
  recording: "zeichnet auf",
  sealed: "versiegelt",
  "second tab of the same browser": "zweiter Tab desselben Browsers",
  "seen before": "schon gesehen",
  "shares a screen": "teilt einen Bildschirm",
  speaking: "spricht",
  "the screen of {name}": "den Bildschirm von {name}",
  "this browser": "dieser Browser",
  "to you alone": "nur an Sie",
  "to {name} alone": "nur an {name}",
  "weak connection": "schwache Verbindung",
  "weak connection, everything comes late": "schwache Verbindung, alles kommt verspätet an",
  "weak connection, much is lost on the way": "schwache Verbindung, vieles geht unterwegs verloren",
  yourself: "sich selbst",
  "{codec} and Opus, sealed with AES-128-GCM (SFrame)":
    "{codec} und Opus, versiegelt mit AES-128-GCM (SFrame)",
  "{name} and {n} more people wait to be let in.":
    "{name} und {n} weitere Personen warten auf Einlass.",
  "{name} and {n} more person wait to be let in.":
    "{name} und {n} weitere Person warten auf Einlass.",
  "{name} asks: {question}": "{name} fragt: {question}",
  "{name} has a name that another person here has, too":
    "{name} hat einen Namen, den hier noch jemand hat",
  "{name} has your name, on another device": "{name} hat Ihren Namen, auf einem anderen Gerät",
  "{name} joined": "{name} ist da",
  "{name} joined, and has a name that another person here has, too":
    "{name} ist da und hat einen Namen, den hier noch jemand hat",
  "{name} joined, and has your name, on another device":
    "{name} ist da und hat Ihren Namen, auf einem anderen Gerät",
  "{name} joined, and uses a new device: you met this name with another one":
    "{name} ist da, mit einem neuen Gerät: Sie kennen diesen Namen mit einem anderen",
  "{name} left": "{name} ist gegangen",
  "{name} lost the connection": "{name} hat die Verbindung verloren",
  "{name} raised a hand.": "{name}: Hand gehoben.",
  "{name} uses a new device: you met this name with another one":
    "{name} benutzt ein neues Gerät: Sie kennen diesen Namen mit einem anderen",
  "{name} waits to be let in.": "{name} wartet auf Einlass.",
  "{name}: screen": "{name}: Bildschirm",
  "{n} hand is up": "{n} Hand ist oben",
  "{n} hands are up": "{n} Hände sind oben",
  "{n} min": "{n} min",
  "{n} more people": "{n} weitere Personen",
  "{n} people": "{n} Personen",
  "{n} people are not in sync with you": "{n} Personen sind nicht auf Ihrem Stand",
  "{n} people are there.": "{n} Personen sind da.",
  "{n} people wait to be let in.": "{n} Personen warten auf Einlass.",
  "{n} person": "{n} Person",
  "{n} person is not in sync with you": "{n} Person ist nicht auf Ihrem Stand",
  "{n} unread message": "{n} ungelesene Nachricht",
  "{n} unread messages": "{n} ungelesene Nachrichten",
  "{n}. Each time somebody comes or goes there are new keys.":
    "{n}. Immer wenn jemand kommt oder geht, gibt es neue Schlüssel.",
  "New keys are made for everyone.": "Für alle werden neue Schlüssel gemacht.",
  "{name} has new keys made for everyone.": "{name} lässt für alle neue Schlüssel machen.",
  "The keys of this meeting do not fit": "Die Schlüssel dieses Treffens passen nicht",
  "Your browser tries again in a minute, or as soon as the host has new ones made.":
    "Ihr Browser versucht es in einer Minute wieder, oder sobald der Gastgeber neue machen lässt.",
  "If this stays, have new keys made. Everyone who is here comes back by themselves.":
    "Wenn das so bleibt, lassen Sie neue Schlüssel machen. Alle, die hier sind, kommen von selbst zurück.",
  "Make new keys for everyone": "Neue Schlüssel für alle",
  "The same in pictures": "Dasselbe in Bildern",
} satisfies Words;
