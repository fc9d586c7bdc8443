/** French: what hosts can do. */
import type { Words } from "../../call/words";

export default {
  "Change the link": "Changer le lien",
  "End for all": "Terminer pour tous",
  "End the meeting for everybody? Nobody can join it again until you open it.":
    "Terminer la réunion pour tout le monde ? Personne ne peut y revenir avant que vous l’ouvriez.",
  Ends: "Se termine",
  "Full with": "Complète avec",
  "Keep muted": "Garder le micro coupé",
  "Let speak": "Laisser parler",
  "Let {name} admit, mute and remove people, and change the rules?":
    "Laisser {name} admettre, couper et retirer des personnes, et changer les règles ?",
  "Locks by itself": "Se verrouille d’elle-même",
  "Make a new link? By the one that you gave out nobody comes in any more, and who waits has to come again. Who is inside stays.":
    "Créer un nouveau lien ? Par celui que vous avez donné, plus personne n’entre, et qui attend doit revenir. Qui est là reste.",
  "Make co-host": "Rendre cohôte",
  "Make listener": "Rendre auditeur",
  "Mute all": "Couper tous les micros",
  "No camera": "Pas de caméra",
  "No chat": "Pas de discussion",
  "No co-host any more": "Plus cohôte",
  "No sharing": "Pas de partage",
  "Only hosts write now.": "Seuls les hôtes écrivent pour l’instant.",
  "Send and refuse": "Envoyer et refuser",
  "Share a screen": "Partager un écran",
  "The link was not changed: people are here by too many older ones. It can be when those who came first have left, or have joined again by the present link.":
    "Le lien n’a pas été changé : les personnes présentes sont venues par trop de liens plus anciens. Ce sera possible quand les premières arrivées seront parties, ou revenues par le lien actuel.",
  "Yes, change it": "Oui, changer",
  "Large for all": "En grand pour tous",
  "Show their camera": "Montrer leur caméra",
  Speak: "Parler",
  "Stop the camera": "Éteindre la caméra",
  "The host has switched your camera off.": "L’hôte a éteint votre caméra.",
  "The host writes:": "L’hôte écrit :",
  "The meeting ends at {time}.": "La réunion se termine à {time}.",
  "The server keeps the empty meeting for": "Le serveur garde la réunion vide",
  "Those who are no hosts may:": "Ceux qui ne sont pas hôtes peuvent :",
  "Without a host it ends after": "Sans hôte, elle se termine après",
  "Write in the chat": "Écrire dans la discussion",
  "Yes, end it": "Oui, terminer",
  "Yes, make co-host": "Oui, rendre cohôte",
  "You may speak again. Your microphone is still off.":
    "Vous pouvez parler de nouveau. Votre micro est encore coupé.",
  "as long as it likes": "aussi longtemps qu’il veut",
  "at {time}": "à {time}",
  "in {span}": "dans {span}",
  never: "jamais",
  "no limit": "sans limite",
  "no time: it goes on": "jamais : elle continue",
  "when the last one leaves": "quand le dernier part",
  "{name} muted you. You can unmute yourself.":
    "{name} a coupé votre micro. Vous pouvez le rétablir vous-même.",
  "{name} stopped your screen share.": "{name} a arrêté votre partage d’écran.",
  "{name} switched your camera off. You can switch it on again.":
    "{name} a éteint votre caméra. Vous pouvez la rallumer.",
  "{n} hour": "{n} heure",
  "{n} hours": "{n} heures",
  "{n} minute": "{n} minute",
  "{n} minutes": "{n} minutes",
} satisfies Words;
