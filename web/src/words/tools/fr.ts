/** French: settings, recording, the board, statistics, polls, files and the connection test. */
import type { Words } from "../../call/words";

export default {
  "1 person has voted": "1 personne a voté",
  "A picture of mine": "Une image à moi",
  "A poll needs a question and two different answers. You can have three open at a time.":
    "Un sondage demande une question et deux réponses différentes. Vous pouvez en avoir trois ouverts à la fois.",
  "Another picture": "Une autre image",
  "Another program may be using the camera. Close it, then try again.":
    "Un autre programme utilise peut-être la caméra. Fermez-le, puis réessayez.",
  "Another program may be using the microphone. Close it, then try again.":
    "Un autre programme utilise peut-être le micro. Fermez-le, puis réessayez.",
  "Answer {n}": "Réponse {n}",
  "As it is": "Tel quel",
  "Ask everybody": "Demander à tous",
  "Ask who runs your network to let UDP through to {host}, port {port}.":
    "Demandez à qui gère votre réseau de laisser passer UDP vers {host}, port {port}.",
  "Ask who runs your network to let websockets through to {host}, or try another network.":
    "Demandez à qui gère votre réseau de laisser passer les websockets vers {host}, ou essayez un autre réseau.",
  "At least 8 characters, better several words. Write it down: without it nobody opens the recording, you neither. To open it: incamera-peer open-recording FILE":
    "Au moins 8 caractères, mieux vaut plusieurs mots. Notez-la : sans elle, personne n'ouvre l'enregistrement, pas même vous. Pour l'ouvrir : incamera-peer open-recording FICHIER",
  Background: "Arrière-plan",
  "Being tried": "Essai en cours",
  "Bit rate": "Débit",
  Blurred: "Flou",
  "Camera on or off": "Caméra allumée ou éteinte",
  "Camera on or off, in fields, too": "Caméra activée ou coupée, même dans les champs",
  "Check your connection. If other pages work, tell who runs the server.":
    "Vérifiez votre connexion. Si d’autres pages fonctionnent, prévenez qui gère le serveur.",
  Close: "Fermer",
  "Close keyboard help": "Fermer l’aide du clavier",
  "Close poll": "Clore le sondage",
  "Close settings": "Fermer les réglages",
  "Close statistics": "Fermer les statistiques",
  "Close what is open": "Fermer ce qui est ouvert",
  Codec: "Codec",
  "Connect a camera and try again, or join without one.":
    "Branchez une caméra et réessayez, ou entrez sans.",
  "Connect a microphone and try again, or join without one.":
    "Branchez un micro et réessayez, ou entrez sans.",
  "Connection test": "Test de connexion",
  "Could not be tried": "N’a pas pu être essayé",
  "Counted by this browser. Nobody is told.":
    "Compté par ce navigateur. Personne n'en est informé.",
  Delete: "Supprimer",
  "Does not get through": "Ne passe pas",
  "Every way from this browser to the server is tried. Nobody else is asked, and nothing is kept.":
    "Chaque chemin de ce navigateur au serveur est essayé. Personne d’autre n’est sollicité, et rien n’est conservé.",
  "Everybody is told before it begins, and as long as it goes on. The recording is written in this browser; the server gets nothing of it.":
    "Tout le monde en est averti avant le début et pendant toute la durée. L'enregistrement est écrit dans ce navigateur ; le serveur n'en reçoit rien.",
  "Everybody sees who chose what: the names are part of the sealed votes.":
    "Tout le monde voit qui a choisi quoi : les noms font partie des votes scellés.",
  "Everyone alike, or who speaks large": "Tous pareils, ou qui parle en grand",
  "Everything gets through": "Tout passe",
  Fetch: "Récupérer",
  "Fetching {name}": "Récupération de {name}",
  "Files being sent": "Fichiers en cours d’envoi",
  "Firefox blocks the camera for this page. Click the crossed-out camera beside the address, remove the block, then try again.":
    "Firefox bloque la caméra pour cette page. Cliquez sur la caméra barrée à côté de l’adresse, levez le blocage, puis réessayez.",
  "Firefox blocks the microphone for this page. Click the crossed-out microphone beside the address, remove the block, then try again.":
    "Firefox bloque le micro pour cette page. Cliquez sur le micro barré à côté de l’adresse, levez le blocage, puis réessayez.",
  "Frames dropped: {why}": "Trames rejetées : {why}",
  "Frames not sent for want of a key": "Trames non envoyées faute de clé",
  "Frames opened": "Trames ouvertes",
  "Frames sealed": "Trames scellées",
  "From this network meetings go as they go best.":
    "Depuis ce réseau, les réunions passent au mieux.",
  "Gets through": "Passe",
  "Hide picture": "Masquer l’image",
  "Hold it to talk while muted": "Maintenir pour parler, micro coupé",
  "Hold the space bar to talk while muted": "Maintenir la barre d’espace pour parler, micro coupé",
  "It could not be read to the end. It may have changed meanwhile: choose it again.":
    "Il n’a pas pu être lu jusqu’au bout. Il a peut-être changé entre-temps : choisissez-le à nouveau.",
  Jitter: "Gigue",
  Language: "Langue",
  Lost: "Pertes",
  "Meetings work": "Les réunions fonctionnent",
  "Meetings work, by the relay": "Les réunions fonctionnent, par le relais",
  "Meetings work, by the relay only": "Les réunions fonctionnent, par le relais seulement",
  "Meetings work, with a detour": "Les réunions fonctionnent, avec un détour",
  "Microphone on or off": "Micro allumé ou coupé",
  "Microphone on or off, in fields, too": "Micro activé ou coupé, même dans les champs",
  "Noise can't be taken out here: your browser plays no sound to work on, or lacks what it needs. You are heard as before.":
    "Le bruit ne peut pas être retiré ici : votre navigateur ne joue aucun son, ou il lui manque quelque chose. On vous entend comme avant.",
  "Not offered by this server": "Pas proposé par ce serveur",
  "Not tried yet": "Pas encore essayé",
  "Nothing at the moment.": "Rien pour le moment.",
  "Nothing but TLS gets through. Sound and pictures go inside it, where they may falter.":
    "Seul TLS passe. Le son et l’image passent dedans, où ils peuvent saccader.",
  "Nothing is recorded: the others could not be told. Try again in a moment.":
    "Rien n'est enregistré : les autres n'ont pas pu être avertis. Réessayez dans un instant.",
  Passphrase: "Phrase secrète",
  Picture: "Image",
  "Pin that picture, or let it go": "Épingler cette image, ou la libérer",
  Polls: "Sondages",
  Question: "Question",
  "Raise or lower your hand": "Lever ou baisser la main",
  "Really delete": "Vraiment supprimer",
  Received: "Reçu",
  "Record this meeting": "Enregistrer cette réunion",
  "Recordings in this browser": "Enregistrements dans ce navigateur",
  "Remembered in this browser only.": "Retenu dans ce navigateur seulement.",
  "Round trip": "Aller-retour",
  "Safari blocks the camera for this page. Open the settings for this website from the menu beside the address, allow Camera, then try again.":
    "Safari bloque la caméra pour cette page. Ouvrez les réglages de ce site dans le menu à côté de l’adresse, autorisez la caméra, puis réessayez.",
  "Safari blocks the microphone for this page. Open the settings for this website from the menu beside the address, allow Microphone, then try again.":
    "Safari bloque le micro pour cette page. Ouvrez les réglages de ce site dans le menu à côté de l’adresse, autorisez le micro, puis réessayez.",
  Save: "Enregistrer le fichier",
  "Save the report": "Enregistrer le rapport",
  Screen: "Écran",
  "Seal it with a passphrase": "La sceller par une phrase secrète",
  "Sending {name}": "Envoi de {name}",
  Sent: "Envoyé",
  "Several answers may be chosen": "Plusieurs réponses possibles",
  "Save data: small pictures, and a smaller one of me":
    "Économiser les données : de petites images, et une plus petite de moi",
  "Close the board": "Fermer le tableau",
  "Only hosts draw now.": "Seuls les hôtes dessinent maintenant.",
  "The settings of this computer keep the camera from your browser. Allow it there, under privacy, then try again.":
    "Les réglages de cet ordinateur refusent la caméra au navigateur. Autorisez-la dans les réglages de confidentialité, puis réessayez.",
  "The settings of this computer keep the microphone from your browser. Allow it there, under privacy, then try again.":
    "Les réglages de cet ordinateur refusent le micro au navigateur. Autorisez-le dans les réglages de confidentialité, puis réessayez.",
  Tool: "Outil",
  Pen: "Crayon",
  Line: "Ligne",
  Box: "Rectangle",
  Oval: "Ovale",
  Text: "Texte",
  Colour: "Couleur",
  Black: "Noir",
  Red: "Rouge",
  Green: "Vert",
  Blue: "Bleu",
  Brown: "Brun",
  Violet: "Violet",
  Size: "Taille",
  fine: "fin",
  thick: "épais",
  "Text to place": "Texte à placer",
  "Erase what is mine": "Effacer ce qui est à moi",
  "Save as SVG": "Enregistrer en SVG",
  "Save as PNG": "Enregistrer en PNG",
  "With the arrow keys you move the cross, Enter begins and ends a stroke.":
    "Les flèches déplacent la croix, Entrée commence et termine un trait.",
  "Board with 1 stroke": "Tableau avec 1 trait",
  "Board with {n} strokes": "Tableau avec {n} traits",
  Drawn: "Dessiné",
  "First write what is to be on the board.": "Écrivez d’abord ce qui doit être au tableau.",
  "Show me as in a mirror": "Me montrer comme dans un miroir",
  "Show picture": "Afficher l’image",
  "Sound and pictures by TCP": "Son et image par TCP",
  "Sound and pictures by UDP": "Son et image par UDP",
  "Sound and pictures do not get through": "Le son et l’image ne passent pas",
  "Sound and pictures go by UDP. A way around it does not get through, and is not needed here.":
    "Le son et l’image passent par UDP. Un chemin de secours ne passe pas, et n’est pas nécessaire ici.",
  "Sound of the screen": "Son de l'écran",
  Source: "Source",
  Stop: "Arrêter",
  Streams: "Flux",
  "Take noise out of my microphone": "Retirer le bruit de mon micro",
  "Tell everybody and record": "Avertir tout le monde et enregistrer",
  "Telling the others…": "On avertit les autres…",
  "Test again": "Tester à nouveau",
  "Test the speaker": "Tester le haut-parleur",
  "The camera does not start": "La caméra ne démarre pas",
  "The connection was lost while it was sent. Try again.":
    "La connexion a été perdue pendant l’envoi. Réessayez.",
  "The line to the server (websocket)": "La ligne vers le serveur (websocket)",
  "The line to the server is cut on the way": "La ligne vers le serveur est coupée en route",
  "The microphone does not start": "Le micro ne démarre pas",
  "The microphone is blocked": "Le micro est bloqué",
  "The page (HTTPS)": "La page (HTTPS)",
  "The page and its line reach the server. No way for sound and pictures does.":
    "La page et sa ligne atteignent le serveur. Aucun chemin pour le son et l’image ne l’atteint.",
  "The page gets through, and its websocket does not: a proxy, a filter or a virus scanner in between stops it.":
    "La page passe, mais pas son websocket : un proxy, un filtre ou un antivirus l’arrête en chemin.",
  "The recording ended: this browser can't write it. Is the disk full, or is this a private window?":
    "L'enregistrement s'est arrêté : ce navigateur ne peut pas l'écrire. Le disque est-il plein, ou est-ce une fenêtre privée ?",
  "The recording is in this browser only. Save it before you clear its data.":
    "L'enregistrement n'est que dans ce navigateur. Enregistrez-le avant d'en effacer les données.",
  "The relay by TCP (TURN)": "Le relais par TCP (TURN)",
  "The relay by UDP (TURN)": "Le relais par UDP (TURN)",
  "The relay in TLS (TURN)": "Le relais dans TLS (TURN)",
  "The server does not answer. Try again when you are connected.":
    "Le serveur ne répond pas. Réessayez quand vous serez connecté.",
  "The server does not answer. Trying on.":
    "Le serveur ne répond pas. Nouvelles tentatives en cours.",
  "The server has no more room for files of this meeting. Try again later.":
    "Le serveur n’a plus de place pour les fichiers de cette réunion. Réessayez plus tard.",
  "The server takes no more tests now.": "Le serveur n’accepte plus de tests pour l’instant.",
  "The test could not be finished": "Le test n’a pas pu être terminé",
  "This is not a picture that the browser can read.":
    "Ce n'est pas une image que le navigateur sait lire.",
  "This list": "Cette liste",
  "This takes up to half a minute.": "Cela prend jusqu’à une demi-minute.",
  "Time to open a frame": "Temps pour ouvrir une trame",
  "Time to seal a frame": "Temps pour sceller une trame",
  "Too many files at once. Wait until some of them are sent.":
    "Trop de fichiers à la fois. Attendez que certains soient envoyés.",
  "Try another network. If it is the same there, who runs the server has to open port {port} for UDP and TCP and to name its public address: `incamera doctor` tells what is wrong.":
    "Essayez un autre réseau. Si c’est pareil, qui gère le serveur doit ouvrir le port {port} en UDP et TCP et indiquer son adresse publique : `incamera doctor` dit ce qui ne va pas.",
  "UDP does not get through. Sound and pictures go by TCP, where they may falter.":
    "UDP ne passe pas. Le son et l’image passent par TCP, où ils peuvent saccader.",
  "Use a headset as soon as it is plugged in": "Utiliser un casque dès qu’il est branché",
  "Use single keys": "Utiliser des touches seules",
  "Wait a minute, then test again.": "Attendez une minute, puis testez à nouveau.",
  "What the server has is not the file that was sent. It was thrown away: ask for it again.":
    "Ce que le serveur détient n’est pas le fichier envoyé. Il a été jeté : redemandez-le.",
  "Whoever gets at the file can watch it.": "Quiconque accède au fichier peut le regarder.",
  "You are muted; nobody hears this": "Micro coupé ; personne n’entend ceci",
  "You are recording": "Vous enregistrez",
  "You ask": "Vous demandez",
  "Your browser blocks the microphone for this page. Click the symbol beside the address, allow Microphone, then try again.":
    "Votre navigateur bloque le micro pour cette page. Cliquez sur le symbole près de l’adresse, autorisez le micro, puis réessayez.",
  "Your browser kept this page, and reaches nothing of the server now.":
    "Votre navigateur avait gardé cette page et n’atteint plus rien du serveur.",
  "Your browser names none yet. Switch it on first.":
    "Votre navigateur n’en nomme aucun. Allumez d’abord.",
  "Your browser plays no sound, so none is recorded":
    "Votre navigateur ne joue aucun son, aucun n'est donc enregistré",
  "altered, or under a wrong key": "altérées, ou sous une mauvaise clé",
  "no key yet": "pas encore de clé",
  "of somebody else than announced": "de quelqu'un d'autre que prévu",
  "of what the host has switched off": "de ce que l'hôte a coupé",
  "sent twice": "envoyées deux fois",
  "several answers": "plusieurs réponses",
  "{names}: recording": "{names} : enregistrement en cours",
  "{name} asks": "{name} demande",
  "{n} people have voted": "{n} personnes ont voté",
  "“{name}” is too large: this server takes files of up to {size}.":
    "« {name} » est trop grand : ce serveur accepte des fichiers jusqu’à {size}.",
  "UDP gets through, but not to the address that the server gives. Either that is wrong, or it is a private one with a port below 1024, which Chromium and its relatives do not take. Sound and pictures go by the server's relay, which costs the server more.":
    "L’UDP passe, mais pas vers l’adresse que le serveur donne. Soit elle est fausse, soit c’est une adresse privée avec un port inférieur à 1024, que Chromium et ses proches n’acceptent pas. Le son et l’image passent par le relais du serveur, ce qui lui coûte davantage.",
  "Tell who runs the server: `incamera doctor` says which of the two it is.":
    "Dites-le à la personne qui gère le serveur : `incamera doctor` indique lequel des deux cas c’est.",
} satisfies Words;
