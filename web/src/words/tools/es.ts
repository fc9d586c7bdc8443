/** Spanish: settings, recording, the board, statistics, polls, files and the connection test. */
import type { Words } from "../../call/words";

export default {
  "1 person has voted": "1 persona ha votado",
  "A picture of mine": "Una imagen mía",
  "A poll needs a question and two different answers. You can have three open at a time.":
    "Una encuesta necesita una pregunta y dos respuestas distintas. Puede tener tres abiertas a la vez.",
  "Another picture": "Otra imagen",
  "Another program may be using the camera. Close it, then try again.":
    "Quizá otro programa usa la cámara. Ciérrelo e inténtelo de nuevo.",
  "Another program may be using the microphone. Close it, then try again.":
    "Quizá otro programa usa el micrófono. Ciérrelo e inténtelo de nuevo.",
  "Answer {n}": "Respuesta {n}",
  "As it is": "Tal como es",
  "Ask everybody": "Preguntar a todos",
  "Ask who runs your network to let UDP through to {host}, port {port}.":
    "Pida a quien administra su red que deje pasar UDP hacia {host}, puerto {port}.",
  "Ask who runs your network to let websockets through to {host}, or try another network.":
    "Pida a quien administra su red que deje pasar los websockets hacia {host}, o pruebe otra red.",
  "At least 8 characters, better several words. Write it down: without it nobody opens the recording, you neither. To open it: incamera-peer open-recording FILE":
    "Al menos 8 caracteres, mejor varias palabras. Anótela: sin ella nadie abre la grabación, usted tampoco. Para abrirla: incamera-peer open-recording ARCHIVO",
  Background: "Fondo",
  "Being tried": "Se está probando",
  "Bit rate": "Tasa de bits",
  Blurred: "Desenfocado",
  "Camera on or off": "Cámara encendida o apagada",
  "Camera on or off, in fields, too": "Cámara sí o no, también en campos",
  "Check your connection. If other pages work, tell who runs the server.":
    "Compruebe su conexión. Si otras páginas funcionan, avise a quien administra el servidor.",
  Close: "Cerrar",
  "Close keyboard help": "Cerrar ayuda del teclado",
  "Close poll": "Cerrar la encuesta",
  "Close settings": "Cerrar ajustes",
  "Close statistics": "Cerrar las estadísticas",
  "Close what is open": "Cerrar lo que está abierto",
  Codec: "Códec",
  "Connect a camera and try again, or join without one.":
    "Conecte una cámara e inténtelo de nuevo, o entre sin ella.",
  "Connect a microphone and try again, or join without one.":
    "Conecte un micrófono e inténtelo de nuevo, o entre sin él.",
  "Connection test": "Prueba de conexión",
  "Could not be tried": "No se pudo probar",
  "Counted by this browser. Nobody is told.": "Contado por este navegador. Nadie se entera.",
  Delete: "Eliminar",
  "Does not get through": "No pasa",
  "Every way from this browser to the server is tried. Nobody else is asked, and nothing is kept.":
    "Se prueba cada camino de este navegador al servidor. No se pregunta a nadie más y no se guarda nada.",
  "Everybody is told before it begins, and as long as it goes on. The recording is written in this browser; the server gets nothing of it.":
    "Se avisa a todos antes de empezar y mientras dura. La grabación se escribe en este navegador; el servidor no recibe nada de ella.",
  "Everybody sees who chose what: the names are part of the sealed votes.":
    "Todos ven quién eligió qué: los nombres forman parte de los votos sellados.",
  "Everyone alike, or who speaks large": "Todos iguales, o quien habla en grande",
  "Everything gets through": "Todo pasa",
  Fetch: "Obtener",
  "Fetching {name}": "Obteniendo {name}",
  "Files being sent": "Archivos que se envían",
  "Firefox blocks the camera for this page. Click the crossed-out camera beside the address, remove the block, then try again.":
    "Firefox bloquea la cámara para esta página. Haga clic en la cámara tachada junto a la dirección, quite el bloqueo e inténtelo de nuevo.",
  "Firefox blocks the microphone for this page. Click the crossed-out microphone beside the address, remove the block, then try again.":
    "Firefox bloquea el micrófono para esta página. Haga clic en el micrófono tachado junto a la dirección, quite el bloqueo e inténtelo de nuevo.",
  "Frames dropped: {why}": "Tramas descartadas: {why}",
  "Frames not sent for want of a key": "Tramas no enviadas por falta de clave",
  "Frames opened": "Tramas abiertas",
  "Frames sealed": "Tramas selladas",
  "From this network meetings go as they go best.":
    "Desde esta red las reuniones van de la mejor manera.",
  "Gets through": "Pasa",
  "Hide picture": "Ocultar la imagen",
  "Hold it to talk while muted": "Mantener para hablar en silencio",
  "Hold the space bar to talk while muted": "Mantener la barra espaciadora para hablar en silencio",
  "It could not be read to the end. It may have changed meanwhile: choose it again.":
    "No se pudo leer hasta el final. Puede que haya cambiado: elígelo de nuevo.",
  Jitter: "Fluctuación",
  Language: "Idioma",
  Lost: "Pérdidas",
  "Meetings work": "Las reuniones funcionan",
  "Meetings work, by the relay": "Las reuniones funcionan, por el relé",
  "Meetings work, by the relay only": "Las reuniones funcionan, solo por el relé",
  "Meetings work, with a detour": "Las reuniones funcionan, con un rodeo",
  "Microphone on or off": "Micrófono encendido o apagado",
  "Microphone on or off, in fields, too": "Micrófono sí o no, también en campos",
  "Noise can't be taken out here: your browser plays no sound to work on, or lacks what it needs. You are heard as before.":
    "Aquí no se puede quitar el ruido: su navegador no reproduce sonido o le falta lo necesario. Se le oye como antes.",
  "Not offered by this server": "Este servidor no lo ofrece",
  "Not tried yet": "Aún no probado",
  "Nothing at the moment.": "Nada por el momento.",
  "Nothing but TLS gets through. Sound and pictures go inside it, where they may falter.":
    "Solo pasa TLS. El sonido y la imagen van dentro, donde pueden entrecortarse.",
  "Nothing is recorded: the others could not be told. Try again in a moment.":
    "No se graba nada: no se pudo avisar a los demás. Inténtelo de nuevo en un momento.",
  Passphrase: "Frase de contraseña",
  Picture: "Imagen",
  "Pin that picture, or let it go": "Fijar esa imagen, o soltarla",
  Polls: "Encuestas",
  Question: "Pregunta",
  "Raise or lower your hand": "Levantar o bajar la mano",
  "Really delete": "Eliminar de verdad",
  Received: "Recibido",
  "Record this meeting": "Grabar esta reunión",
  "Recordings in this browser": "Grabaciones en este navegador",
  "Remembered in this browser only.": "Se recuerda solo en este navegador.",
  "Round trip": "Ida y vuelta",
  "Safari blocks the camera for this page. Open the settings for this website from the menu beside the address, allow Camera, then try again.":
    "Safari bloquea la cámara para esta página. Abra los ajustes de este sitio web en el menú junto a la dirección, permita la cámara e inténtelo de nuevo.",
  "Safari blocks the microphone for this page. Open the settings for this website from the menu beside the address, allow Microphone, then try again.":
    "Safari bloquea el micrófono para esta página. Abra los ajustes de este sitio web en el menú junto a la dirección, permita el micrófono e inténtelo de nuevo.",
  Save: "Guardar",
  "Save the report": "Guardar el informe",
  Screen: "Pantalla",
  "Seal it with a passphrase": "Sellarla con una frase de contraseña",
  "Sending {name}": "Enviando {name}",
  Sent: "Enviado",
  "Several answers may be chosen": "Se pueden elegir varias respuestas",
  "Save data: small pictures, and a smaller one of me":
    "Ahorrar datos: imágenes pequeñas, y una más pequeña de mí",
  "Close the board": "Cerrar la pizarra",
  "Only hosts draw now.": "Ahora solo dibujan los anfitriones.",
  "The settings of this computer keep the camera from your browser. Allow it there, under privacy, then try again.":
    "Los ajustes de este equipo no dejan la cámara al navegador. Permítala allí, en privacidad, e inténtelo de nuevo.",
  "The settings of this computer keep the microphone from your browser. Allow it there, under privacy, then try again.":
    "Los ajustes de este equipo no dejan el micrófono al navegador. Permítalo allí, en privacidad, e inténtelo de nuevo.",
  Tool: "Herramienta",
  Pen: "Lápiz",
  Line: "Línea",
  Box: "Rectángulo",
  Oval: "Óvalo",
  Text: "Texto",
  Colour: "Color",
  Black: "Negro",
  Red: "Rojo",
  Green: "Verde",
  Blue: "Azul",
  Brown: "Marrón",
  Violet: "Violeta",
  Size: "Tamaño",
  fine: "fino",
  thick: "grueso",
  "Text to place": "Texto que colocar",
  "Erase what is mine": "Borrar lo mío",
  "Save as SVG": "Guardar como SVG",
  "Save as PNG": "Guardar como PNG",
  "With the arrow keys you move the cross, Enter begins and ends a stroke.":
    "Con las flechas se mueve la cruz, Intro empieza y termina un trazo.",
  "Board with 1 stroke": "Pizarra con 1 trazo",
  "Board with {n} strokes": "Pizarra con {n} trazos",
  Drawn: "Dibujado",
  "First write what is to be on the board.": "Escriba primero lo que va en la pizarra.",
  "Show me as in a mirror": "Mostrarme como en un espejo",
  "Show picture": "Mostrar la imagen",
  "Sound and pictures by TCP": "Sonido e imagen por TCP",
  "Sound and pictures by UDP": "Sonido e imagen por UDP",
  "Sound and pictures do not get through": "El sonido y la imagen no pasan",
  "Sound and pictures go by UDP. A way around it does not get through, and is not needed here.":
    "El sonido y la imagen van por UDP. Un camino alternativo no pasa, y aquí no hace falta.",
  "Sound of the screen": "Sonido de la pantalla",
  Source: "Fuente",
  Stop: "Parar",
  Streams: "Flujos",
  "Take noise out of my microphone": "Quitar el ruido de mi micrófono",
  "Tell everybody and record": "Avisar a todos y grabar",
  "Telling the others…": "Avisando a los demás…",
  "Test again": "Probar de nuevo",
  "Test the speaker": "Probar el altavoz",
  "The camera does not start": "La cámara no arranca",
  "The connection was lost while it was sent. Try again.":
    "Se perdió la conexión durante el envío. Inténtalo de nuevo.",
  "The line to the server (websocket)": "La línea con el servidor (websocket)",
  "The line to the server is cut on the way": "La línea con el servidor se corta por el camino",
  "The microphone does not start": "El micrófono no arranca",
  "The microphone is blocked": "El micrófono está bloqueado",
  "The page (HTTPS)": "La página (HTTPS)",
  "The page and its line reach the server. No way for sound and pictures does.":
    "La página y su línea llegan al servidor. Ningún camino para el sonido y la imagen llega.",
  "The page gets through, and its websocket does not: a proxy, a filter or a virus scanner in between stops it.":
    "La página pasa, pero su websocket no: un proxy, un filtro o un antivirus lo detiene por el camino.",
  "The recording ended: this browser can't write it. Is the disk full, or is this a private window?":
    "La grabación terminó: este navegador no puede escribirla. ¿Está lleno el disco, o es una ventana privada?",
  "The recording is in this browser only. Save it before you clear its data.":
    "La grabación está solo en este navegador. Guárdela antes de borrar sus datos.",
  "The relay by TCP (TURN)": "El relé por TCP (TURN)",
  "The relay by UDP (TURN)": "El relé por UDP (TURN)",
  "The relay in TLS (TURN)": "El relé en TLS (TURN)",
  "The server does not answer. Try again when you are connected.":
    "El servidor no responde. Inténtalo de nuevo cuando tengas conexión.",
  "The server does not answer. Trying on.": "El servidor no responde. Se sigue intentando.",
  "The server has no more room for files of this meeting. Try again later.":
    "El servidor no tiene más espacio para archivos de esta reunión. Inténtalo más tarde.",
  "The server takes no more tests now.": "El servidor no acepta más pruebas ahora.",
  "The test could not be finished": "La prueba no pudo terminarse",
  "This is not a picture that the browser can read.":
    "No es una imagen que el navegador pueda leer.",
  "This list": "Esta lista",
  "This takes up to half a minute.": "Esto tarda hasta medio minuto.",
  "Time to open a frame": "Tiempo para abrir una trama",
  "Time to seal a frame": "Tiempo para sellar una trama",
  "Too many files at once. Wait until some of them are sent.":
    "Demasiados archivos a la vez. Espera a que se envíen algunos.",
  "Try another network. If it is the same there, who runs the server has to open port {port} for UDP and TCP and to name its public address: `incamera doctor` tells what is wrong.":
    "Pruebe otra red. Si allí pasa lo mismo, quien administra el servidor debe abrir el puerto {port} para UDP y TCP e indicar su dirección pública: `incamera doctor` dice qué falla.",
  "UDP does not get through. Sound and pictures go by TCP, where they may falter.":
    "UDP no pasa. El sonido y la imagen van por TCP, donde pueden entrecortarse.",
  "Use a headset as soon as it is plugged in": "Usar unos auriculares en cuanto se conecten",
  "Use single keys": "Usar teclas sueltas",
  "Wait a minute, then test again.": "Espere un minuto y pruebe de nuevo.",
  "What the server has is not the file that was sent. It was thrown away: ask for it again.":
    "Lo que tiene el servidor no es el archivo enviado. Se ha desechado: pídelo de nuevo.",
  "Whoever gets at the file can watch it.": "Quien acceda al archivo puede verlo.",
  "You are muted; nobody hears this": "Está en silencio; nadie oye esto",
  "You are recording": "Usted está grabando",
  "You ask": "Usted pregunta",
  "Your browser blocks the microphone for this page. Click the symbol beside the address, allow Microphone, then try again.":
    "Su navegador bloquea el micrófono en esta página. Pulse el símbolo junto a la dirección, permita el micrófono e inténtelo de nuevo.",
  "Your browser kept this page, and reaches nothing of the server now.":
    "Su navegador guardó esta página y ahora no llega a nada del servidor.",
  "Your browser names none yet. Switch it on first.":
    "Su navegador aún no nombra ninguno. Enciéndalo primero.",
  "Your browser plays no sound, so none is recorded":
    "Su navegador no reproduce sonido, así que no se graba",
  "altered, or under a wrong key": "alterados, o con una clave equivocada",
  "no key yet": "aún sin clave",
  "of somebody else than announced": "de alguien distinto al anunciado",
  "of what the host has switched off": "de lo que el anfitrión ha desactivado",
  "sent twice": "enviados dos veces",
  "several answers": "varias respuestas",
  "{names}: recording": "{names}: grabando",
  "{name} asks": "{name} pregunta",
  "{n} people have voted": "{n} personas han votado",
  "“{name}” is too large: this server takes files of up to {size}.":
    "«{name}» es demasiado grande: este servidor acepta archivos de hasta {size}.",
  "UDP gets through, but not to the address that the server gives. Either that is wrong, or it is a private one with a port below 1024, which Chromium and its relatives do not take. Sound and pictures go by the server's relay, which costs the server more.":
    "UDP pasa, pero no a la dirección que da el servidor. O es errónea, o es una privada con un puerto inferior a 1024, que Chromium y sus parientes no aceptan. El sonido y la imagen van por el relé del servidor, lo que le cuesta más.",
  "Tell who runs the server: `incamera doctor` says which of the two it is.":
    "Dígaselo a quien gestiona el servidor: `incamera doctor` dice cuál de los dos casos es.",
} satisfies Words;
