/** German: what hosts can do. */
import type { Words } from "../../call/words";

export default {
  "Change the link": "Link ändern",
  "End for all": "Für alle beenden",
  "End the meeting for everybody? Nobody can join it again until you open it.":
    "Das Treffen für alle beenden? Niemand kommt wieder hinein, bis Sie es öffnen.",
  Ends: "Endet",
  "Full with": "Voll mit",
  "Keep muted": "Stumm halten",
  "Let speak": "Sprechen lassen",
  "Let {name} admit, mute and remove people, and change the rules?":
    "Darf {name} Personen einlassen, stumm schalten und entfernen und die Regeln ändern?",
  "Locks by itself": "Schließt sich von selbst",
  "Make a new link? By the one that you gave out nobody comes in any more, and who waits has to come again. Who is inside stays.":
    "Einen neuen Link anlegen? Mit dem, den Sie verteilt haben, kommt niemand mehr hinein, und wer wartet, muss neu kommen. Wer drin ist, bleibt.",
  "Make co-host": "Zum Mitgastgeber machen",
  "Make listener": "Nur zuhören lassen",
  "Mute all": "Alle stumm schalten",
  "No camera": "Keine Kamera",
  "No chat": "Kein Chat",
  "No co-host any more": "Nicht mehr Mitgastgeber",
  "No sharing": "Kein Teilen",
  "Only hosts write now.": "Jetzt schreiben nur Gastgeber.",
  "Send and refuse": "Senden und abweisen",
  "Share a screen": "Einen Bildschirm teilen",
  "The link was not changed: people are here by too many older ones. It can be when those who came first have left, or have joined again by the present link.":
    "Der Link wurde nicht geändert: Es sind Leute da, die mit zu vielen älteren gekommen sind. Es geht wieder, wenn die, die zuerst kamen, gegangen oder mit dem jetzigen Link neu beigetreten sind.",
  "Yes, change it": "Ja, ändern",
  "Large for all": "Groß für alle",
  "Show their camera": "Die Kamera zeigen",
  Speak: "Sprechen",
  "Stop the camera": "Kamera ausschalten",
  "The host has switched your camera off.": "Der Gastgeber hat Ihre Kamera ausgeschaltet.",
  "The host writes:": "Der Gastgeber schreibt:",
  "The meeting ends at {time}.": "Das Treffen endet um {time}.",
  "The server keeps the empty meeting for": "Der Server behält das leere Treffen",
  "Those who are no hosts may:": "Wer kein Gastgeber ist, darf:",
  "Without a host it ends after": "Ohne Gastgeber endet es nach",
  "Write in the chat": "Im Chat schreiben",
  "Yes, end it": "Ja, beenden",
  "Yes, make co-host": "Ja, Mitgastgeber",
  "You may speak again. Your microphone is still off.":
    "Sie dürfen wieder sprechen. Ihr Mikrofon ist noch aus.",
  "as long as it likes": "solange er mag",
  "at {time}": "um {time}",
  "in {span}": "in {span}",
  never: "nie",
  "no limit": "keine Grenze",
  "no time: it goes on": "nie: es geht weiter",
  "when the last one leaves": "wenn der Letzte geht",
  "{name} muted you. You can unmute yourself.":
    "{name} hat Sie stumm geschaltet. Sie können das selbst aufheben.",
  "{name} stopped your screen share.": "{name} hat Ihre Freigabe beendet.",
  "{name} switched your camera off. You can switch it on again.":
    "{name} hat Ihre Kamera ausgeschaltet. Sie können sie wieder einschalten.",
  "{n} hour": "{n} Stunde",
  "{n} hours": "{n} Stunden",
  "{n} minute": "{n} Minute",
  "{n} minutes": "{n} Minuten",
} satisfies Words;
