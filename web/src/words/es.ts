/** Spanish. */
import type { Words } from "../call/words";
import emoji from "./emoji/es";
import hosts from "./hosts/es";
import operators from "./operators/es";
import tools from "./tools/es";

export default {
  ...emoji,
  ...hosts,
  ...operators,
  ...tools,
  "(you)": "(usted)",
  "1 more person": "1 persona más",
  "1 person": "1 persona",
  "1 person waits to be let in.": "1 persona espera a que la dejen entrar.",
  "A link is enough.": "Basta un enlace.",
  "A name has at most 64 characters, and no invisible ones.":
    "Un nombre tiene como máximo 64 caracteres, y ninguno invisible.",
  Admit: "Admitir",
  "Admit all": "Admitir a todos",
  "Admit {name}": "Admitir a {name}",
  "Another version": "Otra versión",
  Applause: "Aplauso",
  "Ask somebody to leave, or wait and try again.":
    "Pida a alguien que salga, o espere e inténtelo de nuevo.",
  "Ask who runs this server for an invite link, and open it in this browser. If you had one, it holds no longer. To join a meeting you need its link only.":
    "Pida un enlace de invitación a quien lleva este servidor y ábralo en este navegador. Si ya tenía uno, ya no vale. Para entrar en una reunión basta su enlace.",
  "Back to the lobby": "De vuelta a la sala de espera",
  "Back to the start": "Volver al inicio",
  "Before you join · Incamera": "Antes de entrar · Incamera",
  Begins: "Empieza",
  "By the old one nobody comes in any more. Ask the host for the new link.":
    "Con el anterior ya no entra nadie. Pida el enlace nuevo al anfitrión.",
  "By this link the server no longer knows it, and does not take it back. If the link was changed, ask for the new one.":
    "Con este enlace el servidor ya no la conoce y no la acepta de nuevo. Si el enlace ha cambiado, pida el nuevo.",
  "By who runs this server. It can't be begun again with this link.":
    "La cerró quien administra este servidor. No se puede volver a abrir con este enlace.",
  Camera: "Cámara",
  "Camera off": "Apagar",
  "Camera on": "Encender",
  "Can't go on · Incamera": "No se puede seguir · Incamera",
  Cancel: "Cancelar",
  Chat: "Chat",
  "Chat messages": "Los mensajes",
  "Check your connection, then try again.": "Compruebe su conexión e inténtelo de nuevo.",
  "Choose camera": "Elegir cámara",
  "Choose microphone": "Elegir micrófono",
  "Close (Esc)": "Cerrar (Esc)",
  "Close invite": "Cerrar invitación",
  "Close the small window": "Cerrar la ventana pequeña",
  "Close {name}": "Cerrar {name}",
  "Co-host": "Coanfitrión",
  "Code and calendar": "Código y calendario",
  "Compare again: {n} of {all} are new to you.":
    "Compare otra vez: {n} de {all} son nuevos para usted.",
  "Compare again: {n} of {all} is new to you.":
    "Compare otra vez: {n} de {all} es nuevo para usted.",
  "Compare numbers": "Comparar los números",
  "Compared with everyone here.": "Comparados con todos los presentes.",
  Copied: "Copiado",
  Copy: "Copiar",
  "Copy invitation link": "Copiar enlace de invitación",
  "Copy message": "Copiar mensaje",
  "Copy the new link": "Copiar el enlace nuevo",
  Devices: "Dispositivos",
  Dismiss: "Descartar",
  "Drop to send the file": "Suelta para enviar el archivo",
  "Enter sends, Shift and Enter begin a new line.":
    "Intro envía, Mayús e Intro empiezan una línea.",
  Epoch: "Época",
  Everyone: "Todos",
  "Everyone sees the same": "Todos ven los mismos",
  "Find somebody": "Buscar a alguien",
  "For the calendar": "Para el calendario",
  "Full screen": "Pantalla completa",
  "Go back": "Volver",
  Hand: "Mano",
  Heart: "Corazón",
  "Hide own view": "Ocultar mi imagen",
  Host: "Anfitrión",
  "How many take part, and how often keys change":
    "Cuántos participan y cada cuánto cambian las claves",
  "How much is sent and when, and which sources are switched on":
    "Cuánto se envía y cuándo, y qué fuentes están encendidas",
  "How you look and sound": "Cómo se le ve y oye",
  "If everyone sees the same, nobody is in between.":
    "Si todos ven los mismos, nadie está en medio.",
  "In detail": "En detalle",
  Incamera: "Incamera",
  "Internet addresses, and when somebody is here": "Direcciones de Internet, y cuándo hay alguien",
  "Invitation link": "Enlace de invitación",
  "Invitation link copied. Whoever has it can join, so send it by a way you trust.":
    "Enlace de invitación copiado. Quien lo tenga puede entrar: envíelo por una vía de confianza.",
  Invite: "Invitar",
  "It can't be joined again by this link until the host opens it again.":
    "Con este enlace no se puede volver hasta que el anfitrión la abra otra vez.",
  "It can't encrypt pictures and sound by itself, and Incamera has no other way. Use Firefox 117, Chrome or Edge 141, Safari 15.4, or newer.":
    "No puede cifrar por sí mismo imagen y sonido, e Incamera no tiene otra vía. Use Firefox 117, Chrome o Edge 141, Safari 15.4 o más nuevo.",
  "It could not be copied. Select it and copy it by hand.":
    "No se pudo copiar. Selecciónelo y cópielo a mano.",
  "It does not see": "No ve",
  "It is no longer on the server. Ask the sender to send it again.":
    "Ya no está en el servidor. Pide a quien lo envió que lo envíe otra vez.",
  "It lacks the cryptography that meetings are sealed with (Ed25519 and X25519). A newer version has it.":
    "Le falta la criptografía que sella las reuniones (Ed25519 y X25519). Una versión más nueva la tiene.",
  "It took too long. Try again.": "Ha tardado demasiado. Inténtelo de nuevo.",
  "Its files do not fit its own list. This browser took nothing of it, and keeps what it had. Ask who runs this server.":
    "Sus archivos no concuerdan con su propia lista. Este navegador no ha tomado nada y conserva lo que tenía. Pregunte a quien gestiona este servidor.",
  Join: "Entrar",
  "Join again": "Entrar de nuevo",
  "Join again to come back.": "Entre de nuevo para volver.",
  "Joining. The keys come from the people inside, not from the server.":
    "Entrando. Las claves vienen de quienes están dentro, no del servidor.",
  "Keep mine": "Conservar la mía",
  Keyboard: "Teclado",
  "Keyboard (?)": "Teclado (?)",
  Keys: "Claves",
  Laughter: "Risa",
  Leave: "Salir",
  "Leave full screen": "Salir de pantalla completa",
  Listener: "Oyente",
  "Loading…": "Cargando…",
  Lobby: "Sala de espera",
  Locked: "Cerrada",
  Lower: "Bajar",
  "Lower hand": "Bajar la mano",
  "MLS with X-Wing (ML-KEM-768 and X25519), AES-256-GCM, SHA-384, Ed25519":
    "MLS con X-Wing (ML-KEM-768 y X25519), AES-256-GCM, SHA-384, Ed25519",
  "MLS with X25519, AES-128-GCM, SHA-256, Ed25519": "MLS con X25519, AES-128-GCM, SHA-256, Ed25519",
  "Making a meeting here needs an invite": "Crear una reunión aquí requiere una invitación",
  "Making a meeting here needs signing in": "Crear una reunión aquí requiere iniciar sesión",
  "Making the keys in your browser.": "Se crean las claves en su navegador.",
  Media: "Medios",
  "Meet behind closed doors.": "Reunirse a puerta cerrada.",
  Meeting: "Reunión",
  "Meeting controls": "Controles de la reunión",
  "Meeting title (optional)": "Título de la reunión (opcional)",
  "Meeting · Incamera": "Reunión · Incamera",
  "Meetings need a secure address, one that begins with https:// (or localhost). Ask who runs this server.":
    "Las reuniones necesitan una dirección segura, que empiece por https:// (o localhost). Pregunte a quien lleva este servidor.",
  "Menu of {name}": "Menú de {name}",
  Message: "Mensaje",
  "Message to all who wait": "Mensaje a todos los que esperan",
  "Message to {name}": "Mensaje a {name}",
  Messages: "Mensajes",
  Microphone: "Micrófono",
  "Microphone level": "Nivel del micrófono",
  More: "Más",
  "More security options": "Más opciones de seguridad",
  "Move own view": "Mover mi imagen",
  Mute: "Silenciar",
  "Mute microphone": "Silenciar micrófono",
  "Names and the meeting's title": "Los nombres y el título de la reunión",
  "New meeting": "Nueva reunión",
  "New poll": "Nueva encuesta",
  "Next page": "Página siguiente",
  "No camera found": "No se encontró cámara",
  "No microphone found": "No se encontró micrófono",
  "No trackers, no other servers.": "Sin rastreadores ni otros servidores.",
  "Nobody else can join it again by this link until you open it again.":
    "Nadie más puede volver con este enlace hasta que usted la abra otra vez.",
  "Nobody else can read it.": "Nadie más puede leerlo.",
  "Nobody else gets in.": "No entra nadie más.",
  "Nobody else involved.": "Nadie más.",
  "Nobody here is called that.": "Aquí nadie se llama así.",
  "Nobody is there yet.": "Aún no hay nadie.",
  "Nobody saw or heard you. If you think that it is a mistake, tell the person who invited you.":
    "Nadie le ha visto ni oído. Si cree que es un error, dígaselo a la persona que le invitó.",
  "Not every browser knows all of these characters.":
    "No todos los navegadores conocen todos estos caracteres.",
  "Nothing leaves this browser before it can be sealed.":
    "Nada sale de este navegador antes de poder sellarse.",
  "Nothing to install.": "Nada que instalar.",
  "Nothing written yet. Messages are sealed like everything else, and who joins later does not see earlier ones.":
    "Aún no hay nada escrito. Los mensajes van sellados como todo, y quien entra después no ve los anteriores.",
  "Now using {name}": "Ahora se usa {name}",
  Off: "No",
  On: "Sí",
  "One person is there.": "Hay una persona.",
  Open: "Abrir",
  "Open it again": "Abrirla de nuevo",
  "Or an invite link, which you get from who runs this server. To join a meeting you need its link only.":
    "O un enlace de invitación, que le da quien administra este servidor. Para unirse a una reunión basta su enlace.",
  "Page before": "Página anterior",
  Pages: "Páginas",
  Party: "Fiesta",
  "Paste a meeting link": "Pegar un enlace de reunión",
  People: "Personas",
  "People in the meeting": "Personas en la reunión",
  Pictures: "Imágenes",
  "Pictures and sound do not get through. Your network may block them; this page keeps trying.":
    "La imagen y el sonido no llegan. Quizá su red los bloquea; esta página sigue intentándolo.",
  "Pictures and voices": "Las imágenes y las voces",
  Pin: "Fijar",
  "Pin {name}": "Fijar {name}",
  "Play sound": "Activar el sonido",
  "Post-quantum keys": "Claves poscuánticas",
  "QR code of the invitation link": "Código QR del enlace de invitación",
  "Quantum computers": "Ordenadores cuánticos",
  "Raise hand": "Levantar la mano",
  Reactions: "Reacciones",
  "Read these numbers aloud": "Lea estos números en voz alta",
  "Ready to join?": "¿Listo para entrar?",
  "Receiving the keys of {name}, usually under 2 seconds":
    "Recibiendo las claves de {name}, normalmente en menos de 2 segundos",
  Reconnecting: "Reconectando",
  "Reconnecting. The server does not answer; you will be back by yourself.":
    "Reconectando. El servidor no responde; volverá usted sin hacer nada.",
  "Record…": "Grabar…",
  Refuse: "Rechazar",
  "Refuse {name}": "Rechazar a {name}",
  "Reload the page. If that does not help, try another browser.":
    "Recargue la página. Si no ayuda, pruebe otro navegador.",
  Remove: "Expulsar",
  "Remove and change link": "Expulsar y cambiar el enlace",
  "Remove {name}": "Expulsar a {name}",
  "Remove {name}, and switch the lobby on?": "¿Expulsar a {name} y activar la sala de espera?",
  "Rules of the meeting": "Reglas de la reunión",
  "Run this server": "Administrar este servidor",
  "Save calendar file": "Guardar archivo de calendario",
  Sealed: "Sellado",
  "Sealed, always.": "Sellado, siempre.",
  Security: "Seguridad",
  "Security of this meeting": "Seguridad de esta reunión",
  Send: "Enviar",
  "Send a file": "Enviar un archivo",
  "Send the link to those who should come, by a way you trust.":
    "Envíe el enlace a quienes deban venir, por una vía de confianza.",
  Settings: "Ajustes",
  Share: "Compartir",
  "Share screen": "Compartir pantalla",
  Show: "Mostrar",
  "Show everyone alike": "Mostrar a todos por igual",
  "The host has changed the invitation link. By the old one nobody comes in any more.":
    "El anfitrión ha cambiado el enlace de invitación. Con el anterior ya no entra nadie.",
  "The link is wrong or was changed, or the meeting is over. Ask for a new link.":
    "El enlace es incorrecto o ha cambiado, o la reunión ha terminado. Pida uno nuevo.",
  "The link of this meeting was changed": "El enlace de esta reunión ha cambiado",
  "The meeting has a new link. Send it to those who are still to come.":
    "La reunión tiene un enlace nuevo. Envíelo a quienes aún tienen que venir.",
  "{name} shows you large to everybody.": "{name} le muestra en grande a todos.",
  Board: "Pizarra",
  "{name} draws on the board": "{name} dibuja en la pizarra",
  medium: "medio",
  "Show my background": "Mostrar mi fondo",
  "Show who speaks large": "Mostrar en grande a quien habla",
  "Shown to the others, not to the server.": "Lo ven los demás, no el servidor.",
  "Sign in": "Iniciar sesión",
  "Small window": "Ventana pequeña",
  "Somebody in the meeting has to let you in.": "Alguien de la reunión tiene que dejarle entrar.",
  "Something would have left unsealed": "Algo habría salido sin sellar",
  "Sound only": "Solo sonido",
  "Speak, and the bars move": "Hable, y las barras se mueven",
  Speaker: "Altavoz",
  Stage: "Escenario",
  Statistics: "Estadísticas",
  "Stop recording": "Parar la grabación",
  "Stop sharing": "Dejar de compartir",
  Surprise: "Sorpresa",
  "Take it": "Tomarla",
  Takes: "Dura",
  "Test your connection": "Probar su conexión",
  "The camera is blocked": "La cámara está bloqueada",
  "The encryption of this page failed.": "Ha fallado el cifrado de esta página.",
  "The host did not let you in": "El anfitrión no le ha dejado entrar",
  "The host does not let you share.": "El anfitrión no le deja compartir.",
  "The host does not let you write.": "El anfitrión no le deja escribir.",
  "The host ended the meeting for all": "El anfitrión ha terminado la reunión para todos",
  "The host has muted you.": "El anfitrión le ha silenciado.",
  "The host has muted you. You can speak again when the host lets you.":
    "El anfitrión le ha silenciado. Podrá hablar otra vez cuando lo permita.",
  "The host keeps your camera off.": "El anfitrión mantiene su cámara apagada.",
  "The host removed you from the meeting": "El anfitrión le ha expulsado de la reunión",
  "The host sent you back to the lobby": "El anfitrión le ha devuelto a la sala de espera",
  "The keys are made on your devices. They never leave them for this server.":
    "Las claves se crean en sus dispositivos. Nunca llegan a este servidor.",
  "The keys of this meeting are gone from this page.":
    "Las claves de esta reunión ya no están en esta página.",
  "The keys of this meeting are gone from this page. By the same link you can ask to come back; then you wait until the host lets you in.":
    "Las claves de esta reunión ya no están en esta página. Con el mismo enlace puede pedir volver; entonces esperará hasta que el anfitrión le deje entrar.",
  "The link could not be copied. Select it and copy it by hand.":
    "No se pudo copiar el enlace. Selecciónelo y cópielo a mano.",
  "The lobby is on: who comes waits until the host lets them in.":
    "La sala de espera está activa: quien llega espera hasta que el anfitrión le deje entrar.",
  "The meeting can't go on": "La reunión no puede seguir",
  "The meeting is locked: nobody else gets in.": "La reunión está cerrada: no entra nadie más.",
  "The meeting is over": "La reunión ha terminado",
  "The meeting was ended": "La reunión se ha cerrado",
  "The meeting's group cannot be followed. Leave and join again.":
    "No se puede seguir al grupo de la reunión. Salga y entre de nuevo.",
  "The meeting's name in this link is damaged. Copy the whole link again.":
    "El nombre de la reunión en este enlace está dañado. Copie de nuevo el enlace entero.",
  "The numbers come with the keys.": "Los números llegan con las claves.",
  "The others see your screen.": "Los demás ven su pantalla.",
  "The page's encryption does not start": "El cifrado de la página no arranca",
  "The page's encryption stopped": "El cifrado de la página se ha detenido",
  "The page's encryption stopped.": "El cifrado de la página se ha detenido.",
  "The screen could not be shared. Try another window, or restart the browser.":
    "No se pudo compartir la pantalla. Pruebe otra ventana o reinicie el navegador.",
  "The secret in this link is damaged. Copy the whole link again.":
    "El secreto de este enlace está dañado. Copie de nuevo el enlace entero.",
  "The server does not answer": "El servidor no responde",
  "The server has not answered for a minute. This page keeps trying; you can also leave and come back by the link.":
    "El servidor no responde desde hace un minuto. Esta página sigue intentándolo; también puede salir y volver por el enlace.",
  "The server is full": "El servidor está lleno",
  "The server offers {other}. You are asked when you are out of the meeting.":
    "El servidor ofrece {other}. Se le preguntará cuando salga de la reunión.",
  "The server restarts within a minute. The meeting pauses for a moment then, and comes back by itself.":
    "El servidor se reinicia en menos de un minuto. La reunión se detendrá un momento y volverá por sí sola.",
  "The server restarts within {n} minutes. The meeting pauses for a moment then, and comes back by itself.":
    "El servidor se reinicia en {n} minutos o menos. La reunión se detendrá un momento y volverá por sí sola.",
  "The sign-in service does not answer as it should. Try again later.":
    "El servicio de inicio de sesión no responde como debería. Inténtelo más tarde.",
  "The sign-in service said no.": "El servicio de inicio de sesión lo ha rechazado.",
  "The time that its host has set for it is up. By this link nobody joins it again until the host opens it again.":
    "Se ha acabado el tiempo que fijó su anfitrión. Con este enlace nadie vuelve hasta que el anfitrión la abra otra vez.",
  "Their browsers do not confirm that they see the meeting that you see. A bad network does that for a minute. If it stays, leave and join again; if it comes back, the server may be showing you different meetings: ask them by another way.":
    "Sus navegadores no confirman que vean la misma reunión que usted. Una mala red lo causa durante un minuto. Si continúa, salga y vuelva a entrar; si se repite, quizá el servidor les muestre reuniones distintas: pregúnteles por otra vía.",
  "There is no other mode.": "No hay otro modo.",
  "This browser can't take part": "Este navegador no puede participar",
  "This browser keeps no version: the page came from the server just now.":
    "Este navegador no conserva ninguna versión: la página acaba de llegar del servidor.",
  "This browser may make meetings here from now on.":
    "Este navegador puede crear reuniones aquí desde ahora.",
  "This device is too slow for it, or the browser lacks what it needs. Your camera is off, so that nobody sees more than you want.":
    "Este dispositivo es demasiado lento o al navegador le falta algo. Su cámara está apagada para que nadie vea más de lo que usted quiere.",
  "This is not a link. Copy the whole invitation link and paste it here.":
    "Esto no es un enlace. Copie el enlace de invitación entero y péguelo aquí.",
  "This is not a meeting link.": "Esto no es un enlace de reunión.",
  "This link belongs to another server, {host}. Open it in the browser's address bar.":
    "Este enlace es de otro servidor, {host}. Ábralo en la barra de direcciones del navegador.",
  "This link does not work": "Este enlace no funciona",
  "This link is damaged. Copy the whole link again.":
    "Este enlace está dañado. Copie de nuevo el enlace entero.",
  "This link is of a kind that this server does not know.":
    "Este enlace es de un tipo que este servidor no conoce.",
  "This link lacks its secret, the part behind the #. Copy the whole link again.":
    "A este enlace le falta su secreto, la parte tras el #. Copie de nuevo el enlace entero.",
  "This link was cut short. Copy the whole link again.":
    "Este enlace está cortado. Copie de nuevo el enlace entero.",
  "This meeting does not exist": "Esta reunión no existe",
  "This meeting has a lobby or is locked, and goes on when its host is there.":
    "Esta reunión tiene sala de espera o está cerrada, y sigue cuando esté el anfitrión.",
  "This meeting is full": "Esta reunión está llena",
  "This page": "Esta página",
  "This person has left. Choose again.": "Esta persona se ha ido. Elige de nuevo.",
  "This server can't be trusted with this meeting":
    "No se puede confiar esta reunión a este servidor",
  "This server offers another version of this page":
    "Este servidor ofrece otra versión de esta página",
  "This server sees": "Este servidor ve",
  "This server's page is not what the server says it is":
    "La página de este servidor no es lo que dice ser",
  "This server's record of the meeting is damaged or forged.":
    "Lo que este servidor dice de la reunión está dañado o falsificado.",
  "Thumbs up": "Pulgar arriba",
  To: "Para",
  "Too many attempts": "Demasiados intentos",
  "Try again": "Intentar de nuevo",
  "Try again later.": "Inténtelo más tarde.",
  "Turn camera off": "Apagar la cámara",
  "Turn camera on": "Encender la cámara",
  Undo: "Deshacer",
  "Unlock the meeting to let somebody in.": "Abra la reunión para dejar entrar a alguien.",
  Unmute: "Activar",
  "Unmute microphone": "Activar micrófono",
  Unpin: "Soltar",
  "Until then nobody sees or hears you, and you see and hear nobody.":
    "Hasta entonces nadie le ve ni le oye, y usted no ve ni oye a nadie.",
  "Version {hash}, kept in this browser since {day}.":
    "Versión {hash}, conservada en este navegador desde el {day}.",
  "Video meetings on your own server, sealed in your browser. Not even this server can watch, listen or read along.":
    "Videorreuniones en su propio servidor, selladas en su navegador. Ni siquiera este servidor puede ver, oír ni leer.",
  "Volume of {name}": "Volumen de {name}",
  Vote: "Votar",
  "Wait a minute, then try again.": "Espere un minuto e inténtelo de nuevo.",
  Waiting: "En espera",
  "Waiting for keys": "Esperando claves",
  "Waiting for the host": "Esperando al anfitrión",
  "Waiting for the picture of {name}": "Esperando la imagen de {name}",
  "Waiting to be let in": "Esperando para entrar",
  "What is recorded today stays sealed for them, unless they also have the link.":
    "Lo que se grabe hoy seguirá sellado también para ellos, mientras no tengan el enlace.",
  "What is recorded today stays sealed for them.":
    "Lo que se grabe hoy seguirá sellado también para ellos.",
  "What this means (S)": "Qué significa (S)",
  "What to do": "Qué hacer",
  "Who comes waits until you let them in.": "Quien llega espera hasta que usted le deje entrar.",
  "Who is here": "Quién está",
  "Who is speaking": "Quién habla",
  "Who is speaking, while more than 16 microphones are on":
    "Quién habla, mientras haya más de 16 micrófonos encendidos",
  "Who records the meeting today, and also has the link, cannot open it with a quantum computer of tomorrow either. For up to 64 people.":
    "Quien grabe la reunión hoy y tenga además el enlace tampoco podrá abrirla con un ordenador cuántico de mañana. Para un máximo de 64 personas.",
  "Who waits and who is here": "Quién espera y quién está",
  "Whoever has the link, the code or the file can join. Use a way you trust.":
    "Quien tenga el enlace, el código o el archivo puede entrar. Use una vía de confianza.",
  Write: "Escribir",
  "Write to all": "Escribir a todos",
  "Write to {name}": "Escribir a {name}",
  "Yes, remove": "Sí, expulsar",
  You: "Usted",
  "You are a listener now: you see and hear the meeting, and send nothing.":
    "Ahora es oyente: ve y oye la reunión y no envía nada.",
  "You are invited to make a meeting here.": "Está invitado a crear una reunión aquí.",
  "You are its host: you can open it again, by the same link and with the same rules.":
    "Usted es su anfitrión: puede abrirla de nuevo, con el mismo enlace y las mismas reglas.",
  "You are known to the sign-in service, and not among those who may make meetings. Ask who runs this server. To join a meeting you need its link only.":
    "El servicio de inicio de sesión le conoce, pero no está entre quienes pueden crear reuniones. Pregunte a quien administra este servidor. Para unirse a una reunión basta su enlace.",
  "You are muted.": "Está en silencio.",
  "You are muted. Hold the space bar to talk.":
    "Está en silencio. Mantenga la barra espaciadora para hablar.",
  "You are not signed in": "No ha iniciado sesión",
  "You are signed in, and may make meetings here.":
    "Ha iniciado sesión y puede crear reuniones aquí.",
  "You are the first one here.": "Es la primera persona aquí.",
  "You ended the meeting for all": "Ha terminado la reunión para todos",
  "You left the meeting.": "Ha salido de la reunión.",
  "You left · Incamera": "Ha salido · Incamera",
  "You may not make meetings here": "No puede crear reuniones aquí",
  "You use {mine}, since {day}. The other one is {other}.":
    "Usted usa {mine}, desde el {day}. La otra es {other}.",
  "Your background can't be hidden here": "Aquí no se puede ocultar su fondo",
  "Your browser blocks the camera for this page. Click the symbol beside the address, allow Camera, then try again.":
    "Su navegador bloquea la cámara en esta página. Pulse el símbolo junto a la dirección, permita la cámara e inténtelo de nuevo.",
  "Your browser does not play sound yet": "Su navegador aún no reproduce sonido",
  "Your browser sent more than was encrypted, so it was switched off. Reload the page before you switch it on again.":
    "Su navegador envió más de lo que estaba cifrado, así que se apagó. Recargue la página antes de encenderlo de nuevo.",
  "Your camera is off": "Su cámara está apagada",
  "Your camera is starting": "Su cámara arranca",
  "Your connection is too weak for the picture of {name}":
    "Su conexión es demasiado débil para la imagen de {name}",
  "Your microphone is off": "Su micrófono está apagado",
  "Your name": "Su nombre",
  "a new device: you met this name with another one":
    "un dispositivo nuevo: conocía este nombre con otro",
  "another tab of yours": "otra pestaña suya",
  "came from this server. An operator who alters it could listen in.":
    "vino de este servidor. Quien lo lleva y la altere podría escuchar.",
  "camera kept off by the host": "cámara apagada por el anfitrión",
  "camera off": "cámara apagada",
  closed: "cerrada",
  "connection too weak for pictures": "conexión demasiado débil para las imágenes",
  device: "dispositivo",
  empty: "vacíos",
  "first seen today": "visto hoy por primera vez",
  "hand raised": "mano levantada",
  "hand raised, place": "mano levantada, puesto",
  "has a name that another person here has, too": "tiene el mismo nombre que otra persona aquí",
  "has left": "se ha ido",
  "has your name, on another device": "tiene su nombre, en otro dispositivo",
  "law, Latin: in private": "derecho, latín: en privado",
  malformed: "mal formados",
  muted: "en silencio",
  "muted by the host": "silenciado por el anfitrión",
  "no cameras of others, saves data": "sin las cámaras de los demás, ahorra datos",
  "numbers compared": "números comparados",
  or: "o",
  page: "página",
  reconnecting: "se reconecta",
  recording: "grabando",
  sealed: "sellada",
  "second tab of the same browser": "segunda pestaña del mismo navegador",
  "seen before": "visto antes",
  "shares a screen": "comparte pantalla",
  speaking: "habla",
  "the screen of {name}": "la pantalla de {name}",
  "this browser": "este navegador",
  "to you alone": "solo para ti",
  "to {name} alone": "solo para {name}",
  "weak connection": "conexión débil",
  "weak connection, everything comes late": "conexión débil, todo llega tarde",
  "weak connection, much is lost on the way": "conexión débil, mucho se pierde por el camino",
  yourself: "usted mismo",
  "{codec} and Opus, sealed with AES-128-GCM (SFrame)":
    "{codec} y Opus, sellados con AES-128-GCM (SFrame)",
  "{name} and {n} more people wait to be let in.": "{name} y {n} personas más esperan para entrar.",
  "{name} and {n} more person wait to be let in.": "{name} y {n} persona más esperan para entrar.",
  "{name} asks: {question}": "{name} pregunta: {question}",
  "{name} has a name that another person here has, too":
    "{name} tiene el mismo nombre que otra persona aquí",
  "{name} has your name, on another device": "{name} tiene su nombre, en otro dispositivo",
  "{name} joined": "{name} ha entrado",
  "{name} joined, and has a name that another person here has, too":
    "{name} ha entrado y tiene el mismo nombre que otra persona aquí",
  "{name} joined, and has your name, on another device":
    "{name} ha entrado y tiene su nombre, en otro dispositivo",
  "{name} joined, and uses a new device: you met this name with another one":
    "{name} ha entrado con un dispositivo nuevo: conocía este nombre con otro",
  "{name} left": "{name} ha salido",
  "{name} lost the connection": "{name} ha perdido la conexión",
  "{name} raised a hand.": "{name}: mano levantada.",
  "{name} uses a new device: you met this name with another one":
    "{name} usa un dispositivo nuevo: conocía este nombre con otro",
  "{name} waits to be let in.": "{name} espera para entrar.",
  "{name}: screen": "{name}: pantalla",
  "{n} hand is up": "{n} mano levantada",
  "{n} hands are up": "{n} manos levantadas",
  "{n} min": "{n} min",
  "{n} more people": "{n} personas más",
  "{n} people": "{n} personas",
  "{n} people are not in sync with you": "{n} personas no están sincronizadas con usted",
  "{n} people are there.": "Hay {n} personas.",
  "{n} people wait to be let in.": "{n} personas esperan a que las dejen entrar.",
  "{n} person": "{n} persona",
  "{n} person is not in sync with you": "{n} persona no está sincronizada con usted",
  "{n} unread message": "{n} mensaje sin leer",
  "{n} unread messages": "{n} mensajes sin leer",
  "{n}. Each time somebody comes or goes there are new keys.":
    "{n}. Cada vez que alguien entra o sale hay claves nuevas.",
  "New keys are made for everyone.": "Se crean claves nuevas para todos.",
  "{name} has new keys made for everyone.": "{name} hace crear claves nuevas para todos.",
  "The keys of this meeting do not fit": "Las claves de esta reunión no encajan",
  "Your browser tries again in a minute, or as soon as the host has new ones made.":
    "Su navegador vuelve a intentarlo dentro de un minuto, o en cuanto el anfitrión haga crear otras.",
  "If this stays, have new keys made. Everyone who is here comes back by themselves.":
    "Si no se arregla, haga crear claves nuevas. Quienes están aquí vuelven por sí mismos.",
  "Make new keys for everyone": "Claves nuevas para todos",
  "The same in pictures": "Lo mismo en imágenes",
} satisfies Words;
