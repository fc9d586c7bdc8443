/** French. */
import type { Words } from "../call/words";
import emoji from "./emoji/fr";
import hosts from "./hosts/fr";
import operators from "./operators/fr";
import tools from "./tools/fr";

export default {
  ...emoji,
  ...hosts,
  ...operators,
  ...tools,
  "(you)": "(vous)",
  "1 more person": "1 autre personne",
  "1 person": "1 personne",
  "1 person waits to be let in.": "1 personne attend d’être admise.",
  "A link is enough.": "Un lien suffit.",
  "A name has at most 64 characters, and no invisible ones.":
    "Un nom compte au plus 64 caractères, et aucun invisible.",
  Admit: "Admettre",
  "Admit all": "Admettre tout le monde",
  "Admit {name}": "Admettre {name}",
  "Another version": "Une autre version",
  Applause: "Applaudissements",
  "Ask somebody to leave, or wait and try again.":
    "Demandez à quelqu’un de partir, ou attendez et réessayez.",
  "Ask who runs this server for an invite link, and open it in this browser. If you had one, it holds no longer. To join a meeting you need its link only.":
    "Demandez un lien d’invitation à qui gère ce serveur, et ouvrez-le dans ce navigateur. Si vous en aviez un, il n’est plus valable. Pour rejoindre une réunion, son lien suffit.",
  "Back to the lobby": "Retour à la salle d’attente",
  "Back to the start": "Retour au début",
  "Before you join · Incamera": "Avant d’entrer · Incamera",
  Begins: "Début",
  "By the old one nobody comes in any more. Ask the host for the new link.":
    "Par l’ancien, plus personne n’entre. Demandez le nouveau lien à l’hôte.",
  "By this link the server no longer knows it, and does not take it back. If the link was changed, ask for the new one.":
    "Par ce lien, le serveur ne la connaît plus, et ne la reprend pas. Si le lien a été changé, demandez le nouveau.",
  "By who runs this server. It can't be begun again with this link.":
    "Par qui gère ce serveur. On ne peut pas la rouvrir avec ce lien.",
  Camera: "Caméra",
  "Camera off": "Éteindre",
  "Camera on": "Allumer",
  "Can't go on · Incamera": "Impossible de continuer · Incamera",
  Cancel: "Annuler",
  Chat: "Discussion",
  "Chat messages": "Les messages",
  "Check your connection, then try again.": "Vérifiez votre connexion, puis réessayez.",
  "Choose camera": "Choisir la caméra",
  "Choose microphone": "Choisir le micro",
  "Close (Esc)": "Fermer (Échap)",
  "Close invite": "Fermer l’invitation",
  "Close the small window": "Fermer la petite fenêtre",
  "Close {name}": "Fermer : {name}",
  "Co-host": "Cohôte",
  "Code and calendar": "Code et agenda",
  "Compare again: {n} of {all} are new to you.":
    "Comparez à nouveau : {n} sur {all} sont nouveaux pour vous.",
  "Compare again: {n} of {all} is new to you.":
    "Comparez à nouveau : {n} sur {all} est nouveau pour vous.",
  "Compare numbers": "Comparer les nombres",
  "Compared with everyone here.": "Comparés avec toutes les personnes ici.",
  Copied: "Copié",
  Copy: "Copier",
  "Copy invitation link": "Copier le lien d’invitation",
  "Copy message": "Copier le message",
  "Copy the new link": "Copier le nouveau lien",
  Devices: "Appareils",
  Dismiss: "Masquer",
  "Drop to send the file": "Déposez pour envoyer le fichier",
  "Enter sends, Shift and Enter begin a new line.":
    "Entrée envoie, Maj et Entrée commencent une ligne.",
  Epoch: "Époque",
  Everyone: "Tout le monde",
  "Everyone sees the same": "Tout le monde voit les mêmes",
  "Find somebody": "Chercher quelqu’un",
  "For the calendar": "Pour l’agenda",
  "Full screen": "Plein écran",
  "Go back": "Revenir",
  Hand: "Main",
  Heart: "Cœur",
  "Hide own view": "Masquer ma propre image",
  Host: "Hôte",
  "How many take part, and how often keys change":
    "Combien participent, et quand les clés changent",
  "How much is sent and when, and which sources are switched on":
    "Combien est envoyé et quand, et quelles sources sont allumées",
  "How you look and sound": "Comment on vous voit et entend",
  "If everyone sees the same, nobody is in between.":
    "Si tous voient les mêmes, personne n’est entre vous.",
  "In detail": "En détail",
  Incamera: "Incamera",
  "Internet addresses, and when somebody is here":
    "Les adresses Internet, et quand quelqu’un est là",
  "Invitation link": "Lien d’invitation",
  "Invitation link copied. Whoever has it can join, so send it by a way you trust.":
    "Lien d’invitation copié. Qui l’a peut entrer : envoyez-le par une voie sûre.",
  Invite: "Inviter",
  "It can't be joined again by this link until the host opens it again.":
    "On ne peut plus y revenir par ce lien avant que l’hôte l’ouvre de nouveau.",
  "It can't encrypt pictures and sound by itself, and Incamera has no other way. Use Firefox 117, Chrome or Edge 141, Safari 15.4, or newer.":
    "Il ne sait pas chiffrer lui-même l’image et le son, et Incamera n’a pas d’autre voie. Prenez Firefox 117, Chrome ou Edge 141, Safari 15.4 ou plus récent.",
  "It could not be copied. Select it and copy it by hand.":
    "La copie a échoué. Sélectionnez et copiez à la main.",
  "It does not see": "Il ne voit pas",
  "It is no longer on the server. Ask the sender to send it again.":
    "Il n’est plus sur le serveur. Demandez à l’expéditeur de le renvoyer.",
  "It lacks the cryptography that meetings are sealed with (Ed25519 and X25519). A newer version has it.":
    "Il lui manque la cryptographie qui scelle les réunions (Ed25519 et X25519). Une version plus récente l’a.",
  "It took too long. Try again.": "Cela a pris trop de temps. Réessayez.",
  "Its files do not fit its own list. This browser took nothing of it, and keeps what it had. Ask who runs this server.":
    "Ses fichiers ne correspondent pas à sa propre liste. Ce navigateur n'en a rien pris et garde ce qu'il avait. Demandez à qui gère ce serveur.",
  Join: "Entrer",
  "Join again": "Entrer à nouveau",
  "Join again to come back.": "Entrez à nouveau pour revenir.",
  "Joining. The keys come from the people inside, not from the server.":
    "Entrée en cours. Les clés viennent des personnes présentes, pas du serveur.",
  "Keep mine": "Garder la mienne",
  Keyboard: "Clavier",
  "Keyboard (?)": "Clavier (?)",
  Keys: "Clés",
  Laughter: "Rire",
  Leave: "Quitter",
  "Leave full screen": "Quitter le plein écran",
  Listener: "Auditeur",
  "Loading…": "Chargement…",
  Lobby: "Salle d’attente",
  Locked: "Verrouillée",
  Lower: "Baisser",
  "Lower hand": "Baisser la main",
  "MLS with X-Wing (ML-KEM-768 and X25519), AES-256-GCM, SHA-384, Ed25519":
    "MLS avec X-Wing (ML-KEM-768 et X25519), AES-256-GCM, SHA-384, Ed25519",
  "MLS with X25519, AES-128-GCM, SHA-256, Ed25519":
    "MLS avec X25519, AES-128-GCM, SHA-256, Ed25519",
  "Making a meeting here needs an invite": "Créer une réunion ici demande une invitation",
  "Making a meeting here needs signing in": "Créer une réunion ici demande de se connecter",
  "Making the keys in your browser.": "Les clés se font dans votre navigateur.",
  Media: "Médias",
  "Meet behind closed doors.": "Se réunir à huis clos.",
  Meeting: "Réunion",
  "Meeting controls": "Commandes de la réunion",
  "Meeting title (optional)": "Titre de la réunion (facultatif)",
  "Meeting · Incamera": "Réunion · Incamera",
  "Meetings need a secure address, one that begins with https:// (or localhost). Ask who runs this server.":
    "Les réunions demandent une adresse sûre, qui commence par https:// (ou localhost). Demandez à qui tient ce serveur.",
  "Menu of {name}": "Menu de {name}",
  Message: "Message",
  "Message to all who wait": "Message à tous ceux qui attendent",
  "Message to {name}": "Message à {name}",
  Messages: "Messages",
  Microphone: "Micro",
  "Microphone level": "Niveau du micro",
  More: "Plus",
  "More security options": "Autres options de sécurité",
  "Move own view": "Déplacer ma propre image",
  Mute: "Couper",
  "Mute microphone": "Couper le micro",
  "Names and the meeting's title": "Les noms et le titre de la réunion",
  "New meeting": "Nouvelle réunion",
  "New poll": "Nouveau sondage",
  "Next page": "Page suivante",
  "No camera found": "Aucune caméra trouvée",
  "No microphone found": "Aucun micro trouvé",
  "No trackers, no other servers.": "Ni traceurs, ni autres serveurs.",
  "Nobody else can join it again by this link until you open it again.":
    "Personne d’autre ne peut y revenir par ce lien avant que vous l’ouvriez de nouveau.",
  "Nobody else can read it.": "Personne d’autre ne peut le lire.",
  "Nobody else gets in.": "Plus personne n’entre.",
  "Nobody else involved.": "Personne d’autre.",
  "Nobody here is called that.": "Personne ici ne s’appelle ainsi.",
  "Nobody is there yet.": "Personne n’est encore là.",
  "Nobody saw or heard you. If you think that it is a mistake, tell the person who invited you.":
    "Personne ne vous a vu ni entendu. Si vous pensez que c’est une erreur, dites-le à la personne qui vous a invité.",
  "Not every browser knows all of these characters.":
    "Tous les navigateurs ne connaissent pas tous ces caractères.",
  "Nothing leaves this browser before it can be sealed.":
    "Rien ne quitte ce navigateur avant de pouvoir être scellé.",
  "Nothing to install.": "Rien à installer.",
  "Nothing written yet. Messages are sealed like everything else, and who joins later does not see earlier ones.":
    "Rien d’écrit pour l’instant. Les messages sont scellés comme le reste, et qui arrive après ne voit pas les précédents.",
  "Now using {name}": "Utilisé maintenant : {name}",
  Off: "Non",
  On: "Oui",
  "One person is there.": "Une personne est là.",
  Open: "Ouvrir",
  "Open it again": "Rouvrir la réunion",
  "Or an invite link, which you get from who runs this server. To join a meeting you need its link only.":
    "Ou un lien d’invitation, que donne qui gère ce serveur. Pour participer à une réunion, son lien suffit.",
  "Page before": "Page précédente",
  Pages: "Pages",
  Party: "Fête",
  "Paste a meeting link": "Coller un lien de réunion",
  People: "Participants",
  "People in the meeting": "Participants à la réunion",
  Pictures: "Images",
  "Pictures and sound do not get through. Your network may block them; this page keeps trying.":
    "L’image et le son ne passent pas. Votre réseau les bloque peut-être ; cette page continue d’essayer.",
  "Pictures and voices": "Les images et les voix",
  Pin: "Épingler",
  "Pin {name}": "Épingler {name}",
  "Play sound": "Activer le son",
  "Post-quantum keys": "Clés post-quantiques",
  "QR code of the invitation link": "Code QR du lien d’invitation",
  "Quantum computers": "Ordinateurs quantiques",
  "Raise hand": "Lever la main",
  Reactions: "Réactions",
  "Read these numbers aloud": "Lisez ces nombres à voix haute",
  "Ready to join?": "Prêt à entrer ?",
  "Receiving the keys of {name}, usually under 2 seconds":
    "Réception des clés de {name}, souvent en moins de 2 secondes",
  Reconnecting: "Reconnexion",
  "Reconnecting. The server does not answer; you will be back by yourself.":
    "Reconnexion. Le serveur ne répond pas ; vous reviendrez tout seul.",
  "Record…": "Enregistrer…",
  Refuse: "Refuser",
  "Refuse {name}": "Refuser {name}",
  "Reload the page. If that does not help, try another browser.":
    "Rechargez la page. Sinon, essayez un autre navigateur.",
  Remove: "Exclure",
  "Remove and change link": "Exclure et changer le lien",
  "Remove {name}": "Exclure {name}",
  "Remove {name}, and switch the lobby on?": "Exclure {name} et activer la salle d’attente ?",
  "Rules of the meeting": "Règles de la réunion",
  "Run this server": "Gérer ce serveur",
  "Save calendar file": "Enregistrer le fichier d’agenda",
  Sealed: "Scellé",
  "Sealed, always.": "Scellé, toujours.",
  Security: "Sécurité",
  "Security of this meeting": "Sécurité de cette réunion",
  Send: "Envoyer",
  "Send a file": "Envoyer un fichier",
  "Send the link to those who should come, by a way you trust.":
    "Envoyez le lien à ceux qui doivent venir, par une voie sûre.",
  Settings: "Réglages",
  Share: "Partager",
  "Share screen": "Partager l’écran",
  Show: "Afficher",
  "Show everyone alike": "Montrer tout le monde pareil",
  "The host has changed the invitation link. By the old one nobody comes in any more.":
    "L’hôte a changé le lien d’invitation. Par l’ancien, plus personne n’entre.",
  "The link is wrong or was changed, or the meeting is over. Ask for a new link.":
    "Le lien est faux ou a été changé, ou la réunion est finie. Demandez un nouveau lien.",
  "The link of this meeting was changed": "Le lien de cette réunion a été changé",
  "The meeting has a new link. Send it to those who are still to come.":
    "La réunion a un nouveau lien. Envoyez-le à ceux qui doivent encore venir.",
  "{name} shows you large to everybody.": "{name} vous montre en grand à tous.",
  Board: "Tableau",
  "{name} draws on the board": "{name} dessine au tableau",
  medium: "moyen",
  "Show my background": "Montrer mon arrière-plan",
  "Show who speaks large": "Montrer qui parle en grand",
  "Shown to the others, not to the server.": "Montré aux autres, pas au serveur.",
  "Sign in": "Se connecter",
  "Small window": "Petite fenêtre",
  "Somebody in the meeting has to let you in.": "Quelqu’un dans la réunion doit vous admettre.",
  "Something would have left unsealed": "Quelque chose serait parti sans sceau",
  "Sound only": "Son seulement",
  "Speak, and the bars move": "Parlez, et les barres bougent",
  Speaker: "Haut-parleur",
  Stage: "Scène",
  Statistics: "Statistiques",
  "Stop recording": "Arrêter l'enregistrement",
  "Stop sharing": "Arrêter le partage",
  Surprise: "Surprise",
  "Take it": "La prendre",
  Takes: "Durée",
  "Test your connection": "Tester votre connexion",
  "The camera is blocked": "La caméra est bloquée",
  "The encryption of this page failed.": "Le chiffrement de cette page a échoué.",
  "The host did not let you in": "L’hôte ne vous a pas admis",
  "The host does not let you share.": "L’hôte ne vous laisse pas partager.",
  "The host does not let you write.": "L’hôte ne vous laisse pas écrire.",
  "The host ended the meeting for all": "L’hôte a terminé la réunion pour tous",
  "The host has muted you.": "L’hôte a coupé votre micro.",
  "The host has muted you. You can speak again when the host lets you.":
    "L’hôte a coupé votre micro. Vous pourrez parler de nouveau quand l’hôte le permettra.",
  "The host keeps your camera off.": "L’hôte garde votre caméra éteinte.",
  "The host removed you from the meeting": "L’hôte vous a exclu de la réunion",
  "The host sent you back to the lobby": "L’hôte vous a renvoyé dans la salle d’attente",
  "The keys are made on your devices. They never leave them for this server.":
    "Les clés se font sur vos appareils. Elles n’en sortent jamais pour ce serveur.",
  "The keys of this meeting are gone from this page.":
    "Les clés de cette réunion ont quitté cette page.",
  "The keys of this meeting are gone from this page. By the same link you can ask to come back; then you wait until the host lets you in.":
    "Les clés de cette réunion ont disparu de cette page. Par le même lien, vous pouvez demander à revenir ; vous attendrez alors que l’hôte vous admette.",
  "The link could not be copied. Select it and copy it by hand.":
    "Le lien n’a pas pu être copié. Sélectionnez-le et copiez-le à la main.",
  "The lobby is on: who comes waits until the host lets them in.":
    "La salle d’attente est active : qui arrive attend que l’hôte l’admette.",
  "The meeting can't go on": "La réunion ne peut pas continuer",
  "The meeting is locked: nobody else gets in.":
    "La réunion est verrouillée : plus personne n’entre.",
  "The meeting is over": "La réunion est finie",
  "The meeting was ended": "La réunion a été fermée",
  "The meeting's group cannot be followed. Leave and join again.":
    "Le groupe de la réunion ne peut être suivi. Quittez et entrez à nouveau.",
  "The meeting's name in this link is damaged. Copy the whole link again.":
    "Le nom de la réunion dans ce lien est abîmé. Copiez à nouveau le lien entier.",
  "The numbers come with the keys.": "Les nombres viennent avec les clés.",
  "The others see your screen.": "Les autres voient votre écran.",
  "The page's encryption does not start": "Le chiffrement de la page ne démarre pas",
  "The page's encryption stopped": "Le chiffrement de la page s’est arrêté",
  "The page's encryption stopped.": "Le chiffrement de la page s’est arrêté.",
  "The screen could not be shared. Try another window, or restart the browser.":
    "L’écran n’a pas pu être partagé. Essayez une autre fenêtre, ou relancez le navigateur.",
  "The secret in this link is damaged. Copy the whole link again.":
    "Le secret de ce lien est abîmé. Copiez à nouveau le lien entier.",
  "The server does not answer": "Le serveur ne répond pas",
  "The server has not answered for a minute. This page keeps trying; you can also leave and come back by the link.":
    "Le serveur ne répond plus depuis une minute. Cette page continue d’essayer ; vous pouvez aussi quitter et revenir par le lien.",
  "The server is full": "Le serveur est plein",
  "The server offers {other}. You are asked when you are out of the meeting.":
    "Le serveur propose {other}. La question vous sera posée hors de la réunion.",
  "The server restarts within a minute. The meeting pauses for a moment then, and comes back by itself.":
    "Le serveur redémarre d’ici une minute. La réunion s’interrompra un instant, puis reprendra d’elle-même.",
  "The server restarts within {n} minutes. The meeting pauses for a moment then, and comes back by itself.":
    "Le serveur redémarre d’ici {n} minutes. La réunion s’interrompra un instant, puis reprendra d’elle-même.",
  "The sign-in service does not answer as it should. Try again later.":
    "Le service de connexion ne répond pas comme il devrait. Réessayez plus tard.",
  "The sign-in service said no.": "Le service de connexion a refusé.",
  "The time that its host has set for it is up. By this link nobody joins it again until the host opens it again.":
    "Le temps fixé par l’hôte est écoulé. Personne n’y revient par ce lien avant que l’hôte l’ouvre de nouveau.",
  "Their browsers do not confirm that they see the meeting that you see. A bad network does that for a minute. If it stays, leave and join again; if it comes back, the server may be showing you different meetings: ask them by another way.":
    "Leurs navigateurs ne confirment pas qu’ils voient la même réunion que vous. Un mauvais réseau peut en être la cause pendant une minute. Si cela dure, quittez la réunion et revenez ; si cela revient, le serveur vous montre peut-être des réunions différentes : demandez-leur par un autre moyen.",
  "There is no other mode.": "Il n’y a pas d’autre mode.",
  "This browser can't take part": "Ce navigateur ne peut pas participer",
  "This browser keeps no version: the page came from the server just now.":
    "Ce navigateur ne garde aucune version : la page vient d'arriver du serveur.",
  "This browser may make meetings here from now on.":
    "Ce navigateur peut désormais créer des réunions ici.",
  "This device is too slow for it, or the browser lacks what it needs. Your camera is off, so that nobody sees more than you want.":
    "Cet appareil est trop lent, ou il manque quelque chose au navigateur. Votre caméra est coupée, pour que personne ne voie plus que vous ne voulez.",
  "This is not a link. Copy the whole invitation link and paste it here.":
    "Ce n’est pas un lien. Copiez le lien d’invitation entier et collez-le ici.",
  "This is not a meeting link.": "Ce n’est pas un lien de réunion.",
  "This link belongs to another server, {host}. Open it in the browser's address bar.":
    "Ce lien appartient à un autre serveur, {host}. Ouvrez-le dans la barre d’adresse du navigateur.",
  "This link does not work": "Ce lien ne marche pas",
  "This link is damaged. Copy the whole link again.":
    "Ce lien est abîmé. Copiez à nouveau le lien entier.",
  "This link is of a kind that this server does not know.":
    "Ce lien est d’un genre que ce serveur ne connaît pas.",
  "This link lacks its secret, the part behind the #. Copy the whole link again.":
    "Il manque à ce lien son secret, la partie après le #. Copiez à nouveau le lien entier.",
  "This link was cut short. Copy the whole link again.":
    "Ce lien a été coupé. Copiez à nouveau le lien entier.",
  "This meeting does not exist": "Cette réunion n’existe pas",
  "This meeting has a lobby or is locked, and goes on when its host is there.":
    "Cette réunion a une salle d’attente ou est verrouillée ; elle reprendra quand l’hôte sera là.",
  "This meeting is full": "Cette réunion est pleine",
  "This page": "Cette page",
  "This person has left. Choose again.": "Cette personne est partie. Choisissez à nouveau.",
  "This server can't be trusted with this meeting":
    "On ne peut se fier à ce serveur pour cette réunion",
  "This server offers another version of this page":
    "Ce serveur propose une autre version de cette page",
  "This server sees": "Ce serveur voit",
  "This server's page is not what the server says it is":
    "La page de ce serveur n'est pas ce qu'il en dit",
  "This server's record of the meeting is damaged or forged.":
    "Ce que ce serveur dit de la réunion est abîmé ou falsifié.",
  "Thumbs up": "Pouce levé",
  To: "À",
  "Too many attempts": "Trop d’essais",
  "Try again": "Réessayer",
  "Try again later.": "Réessayez plus tard.",
  "Turn camera off": "Éteindre la caméra",
  "Turn camera on": "Allumer la caméra",
  Undo: "Annuler",
  "Unlock the meeting to let somebody in.": "Déverrouillez la réunion pour admettre quelqu’un.",
  Unmute: "Activer",
  "Unmute microphone": "Activer le micro",
  Unpin: "Détacher",
  "Until then nobody sees or hears you, and you see and hear nobody.":
    "D’ici là, personne ne vous voit ni ne vous entend, et vous ne voyez ni n’entendez personne.",
  "Version {hash}, kept in this browser since {day}.":
    "Version {hash}, gardée dans ce navigateur depuis le {day}.",
  "Video meetings on your own server, sealed in your browser. Not even this server can watch, listen or read along.":
    "Des réunions vidéo sur votre serveur, scellées dans votre navigateur. Même ce serveur ne peut ni voir, ni entendre, ni lire.",
  "Volume of {name}": "Volume de {name}",
  Vote: "Voter",
  "Wait a minute, then try again.": "Attendez une minute, puis réessayez.",
  Waiting: "En attente",
  "Waiting for keys": "Attente des clés",
  "Waiting for the host": "En attente de l’hôte",
  "Waiting for the picture of {name}": "Attente de l’image de {name}",
  "Waiting to be let in": "En attente d’admission",
  "What is recorded today stays sealed for them, unless they also have the link.":
    "Ce qui est enregistré aujourd’hui reste scellé pour eux aussi, tant que le lien ne leur est pas connu.",
  "What is recorded today stays sealed for them.":
    "Ce qui est enregistré aujourd’hui reste scellé pour eux aussi.",
  "What this means (S)": "Ce que cela veut dire (S)",
  "What to do": "Que faire ?",
  "Who comes waits until you let them in.": "Qui arrive attend que vous l’admettiez.",
  "Who is here": "Qui est là",
  "Who is speaking": "Qui parle",
  "Who is speaking, while more than 16 microphones are on":
    "Qui parle, tant que plus de 16 micros sont activés",
  "Who records the meeting today, and also has the link, cannot open it with a quantum computer of tomorrow either. For up to 64 people.":
    "Qui enregistre la réunion aujourd’hui, même avec le lien, ne pourra pas l’ouvrir non plus avec un ordinateur quantique de demain. Jusqu’à 64 personnes.",
  "Who waits and who is here": "Qui attend et qui est là",
  "Whoever has the link, the code or the file can join. Use a way you trust.":
    "Qui a le lien, le code ou le fichier peut entrer. Passez par une voie sûre.",
  Write: "Écrire",
  "Write to all": "Écrire à tous",
  "Write to {name}": "Écrire à {name}",
  "Yes, remove": "Oui, exclure",
  You: "Vous",
  "You are a listener now: you see and hear the meeting, and send nothing.":
    "Vous êtes maintenant auditeur : vous voyez et entendez la réunion, et n’envoyez rien.",
  "You are invited to make a meeting here.": "Vous êtes invité à créer une réunion ici.",
  "You are its host: you can open it again, by the same link and with the same rules.":
    "Vous en êtes l’hôte : vous pouvez la rouvrir, avec le même lien et les mêmes règles.",
  "You are known to the sign-in service, and not among those who may make meetings. Ask who runs this server. To join a meeting you need its link only.":
    "Le service de connexion vous connaît, mais vous n’êtes pas de ceux qui peuvent créer des réunions. Demandez à qui gère ce serveur. Pour participer à une réunion, son lien suffit.",
  "You are muted.": "Votre micro est coupé.",
  "You are muted. Hold the space bar to talk.":
    "Votre micro est coupé. Maintenez la barre d’espace pour parler.",
  "You are not signed in": "Vous n’êtes pas connecté",
  "You are signed in, and may make meetings here.":
    "Vous êtes connecté et pouvez créer des réunions ici.",
  "You are the first one here.": "Vous êtes la première personne ici.",
  "You ended the meeting for all": "Vous avez terminé la réunion pour tous",
  "You left the meeting.": "Vous avez quitté la réunion.",
  "You left · Incamera": "Vous êtes sorti · Incamera",
  "You may not make meetings here": "Vous ne pouvez pas créer de réunions ici",
  "You use {mine}, since {day}. The other one is {other}.":
    "Vous utilisez {mine}, depuis le {day}. L'autre est {other}.",
  "Your background can't be hidden here": "Votre arrière-plan ne peut pas être masqué ici",
  "Your browser blocks the camera for this page. Click the symbol beside the address, allow Camera, then try again.":
    "Votre navigateur bloque la caméra pour cette page. Cliquez sur le symbole près de l’adresse, autorisez la caméra, puis réessayez.",
  "Your browser does not play sound yet": "Votre navigateur ne joue pas encore le son",
  "Your browser sent more than was encrypted, so it was switched off. Reload the page before you switch it on again.":
    "Votre navigateur a envoyé plus que ce qui était chiffré ; c’est donc éteint. Rechargez la page avant de rallumer.",
  "Your camera is off": "Votre caméra est éteinte",
  "Your camera is starting": "Votre caméra démarre",
  "Your connection is too weak for the picture of {name}":
    "Votre connexion est trop faible pour l’image de {name}",
  "Your microphone is off": "Votre micro est coupé",
  "Your name": "Votre nom",
  "a new device: you met this name with another one":
    "un nouvel appareil : vous connaissiez ce nom avec un autre",
  "another tab of yours": "un autre de vos onglets",
  "came from this server. An operator who alters it could listen in.":
    "vient de ce serveur. Un exploitant qui la modifie pourrait écouter.",
  "camera kept off by the host": "caméra éteinte par l’hôte",
  "camera off": "caméra éteinte",
  closed: "clos",
  "connection too weak for pictures": "connexion trop faible pour les images",
  device: "appareil",
  empty: "vides",
  "first seen today": "vu aujourd’hui pour la première fois",
  "hand raised": "main levée",
  "hand raised, place": "main levée, place",
  "has a name that another person here has, too": "porte le même nom qu’une autre personne ici",
  "has left": "est parti",
  "has your name, on another device": "porte votre nom, sur un autre appareil",
  "law, Latin: in private": "droit, latin : à huis clos",
  malformed: "mal formées",
  muted: "micro coupé",
  "muted by the host": "micro coupé par l’hôte",
  "no cameras of others, saves data": "sans les caméras des autres, économise les données",
  "numbers compared": "nombres comparés",
  or: "ou",
  page: "page",
  reconnecting: "se reconnecte",
  recording: "enregistre",
  sealed: "scellé",
  "second tab of the same browser": "deuxième onglet du même navigateur",
  "seen before": "déjà vu",
  "shares a screen": "partage un écran",
  speaking: "parle",
  "the screen of {name}": "l’écran de {name}",
  "this browser": "ce navigateur",
  "to you alone": "à vous seul",
  "to {name} alone": "à {name} seul",
  "weak connection": "connexion faible",
  "weak connection, everything comes late": "connexion faible, tout arrive en retard",
  "weak connection, much is lost on the way": "connexion faible, beaucoup se perd en route",
  yourself: "vous-même",
  "{codec} and Opus, sealed with AES-128-GCM (SFrame)":
    "{codec} et Opus, scellés avec AES-128-GCM (SFrame)",
  "{name} and {n} more people wait to be let in.":
    "{name} et {n} autres personnes attendent d’entrer.",
  "{name} and {n} more person wait to be let in.":
    "{name} et {n} autre personne attendent d’entrer.",
  "{name} asks: {question}": "{name} demande : {question}",
  "{name} has a name that another person here has, too":
    "{name} porte le même nom qu’une autre personne ici",
  "{name} has your name, on another device": "{name} porte votre nom, sur un autre appareil",
  "{name} joined": "{name} est là",
  "{name} joined, and has a name that another person here has, too":
    "{name} est là et porte le même nom qu’une autre personne ici",
  "{name} joined, and has your name, on another device":
    "{name} est là et porte votre nom, sur un autre appareil",
  "{name} joined, and uses a new device: you met this name with another one":
    "{name} est là, avec un nouvel appareil : vous connaissiez ce nom avec un autre",
  "{name} left": "{name} est parti",
  "{name} lost the connection": "{name} a perdu la connexion",
  "{name} raised a hand.": "{name} : main levée.",
  "{name} uses a new device: you met this name with another one":
    "{name} utilise un nouvel appareil : vous connaissiez ce nom avec un autre",
  "{name} waits to be let in.": "{name} attend d’entrer.",
  "{name}: screen": "{name} : écran",
  "{n} hand is up": "{n} main levée",
  "{n} hands are up": "{n} mains levées",
  "{n} min": "{n} min",
  "{n} more people": "{n} autres personnes",
  "{n} people": "{n} personnes",
  "{n} people are not in sync with you": "{n} personnes ne sont pas synchronisées avec vous",
  "{n} people are there.": "{n} personnes sont là.",
  "{n} people wait to be let in.": "{n} personnes attendent d’être admises.",
  "{n} person": "{n} personne",
  "{n} person is not in sync with you": "{n} personne n’est pas synchronisée avec vous",
  "{n} unread message": "{n} message non lu",
  "{n} unread messages": "{n} messages non lus",
  "{n}. Each time somebody comes or goes there are new keys.":
    "{n}. À chaque arrivée ou départ, de nouvelles clés.",
  "New keys are made for everyone.": "De nouvelles clés sont créées pour tout le monde.",
  "{name} has new keys made for everyone.":
    "{name} fait créer de nouvelles clés pour tout le monde.",
  "The keys of this meeting do not fit": "Les clés de cette réunion ne conviennent pas",
  "Your browser tries again in a minute, or as soon as the host has new ones made.":
    "Votre navigateur réessaie dans une minute, ou dès que l'hôte en fait créer de nouvelles.",
  "If this stays, have new keys made. Everyone who is here comes back by themselves.":
    "Si cela persiste, faites créer de nouvelles clés. Toutes les personnes présentes reviennent d'elles-mêmes.",
  "Make new keys for everyone": "Nouvelles clés pour tous",
  "The same in pictures": "La même chose en images",
} satisfies Words;
