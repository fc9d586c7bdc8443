/** Spanish: what hosts can do. */
import type { Words } from "../../call/words";

export default {
  "Change the link": "Cambiar el enlace",
  "End for all": "Terminar para todos",
  "End the meeting for everybody? Nobody can join it again until you open it.":
    "¿Terminar la reunión para todos? Nadie puede volver hasta que usted la abra.",
  Ends: "Termina",
  "Full with": "Completa con",
  "Keep muted": "Mantener en silencio",
  "Let speak": "Dejar hablar",
  "Let {name} admit, mute and remove people, and change the rules?":
    "¿Dejar que {name} admita, silencie y expulse a personas y cambie las reglas?",
  "Locks by itself": "Se cierra sola",
  "Make a new link? By the one that you gave out nobody comes in any more, and who waits has to come again. Who is inside stays.":
    "¿Crear un enlace nuevo? Con el que ha dado ya no entra nadie, y quien espera tiene que volver. Quien está dentro se queda.",
  "Make co-host": "Hacer coanfitrión",
  "Make listener": "Hacer oyente",
  "Mute all": "Silenciar a todos",
  "No camera": "Sin cámara",
  "No chat": "Sin chat",
  "No co-host any more": "Ya no es coanfitrión",
  "No sharing": "Sin compartir",
  "Only hosts write now.": "Ahora solo escriben los anfitriones.",
  "Send and refuse": "Enviar y rechazar",
  "Share a screen": "Compartir una pantalla",
  "The link was not changed: people are here by too many older ones. It can be when those who came first have left, or have joined again by the present link.":
    "El enlace no se ha cambiado: hay personas que entraron con demasiados enlaces anteriores. Se podrá cuando quienes llegaron primero se hayan ido o hayan vuelto a entrar con el enlace actual.",
  "Yes, change it": "Sí, cambiar",
  "Large for all": "En grande para todos",
  "Show their camera": "Mostrar su cámara",
  Speak: "Hablar",
  "Stop the camera": "Apagar la cámara",
  "The host has switched your camera off.": "El anfitrión ha apagado su cámara.",
  "The host writes:": "El anfitrión escribe:",
  "The meeting ends at {time}.": "La reunión termina a las {time}.",
  "The server keeps the empty meeting for": "El servidor guarda la reunión vacía",
  "Those who are no hosts may:": "Quienes no son anfitriones pueden:",
  "Without a host it ends after": "Sin anfitrión termina tras",
  "Write in the chat": "Escribir en el chat",
  "Yes, end it": "Sí, terminar",
  "Yes, make co-host": "Sí, hacer coanfitrión",
  "You may speak again. Your microphone is still off.":
    "Puede hablar otra vez. Su micrófono sigue apagado.",
  "as long as it likes": "el tiempo que quiera",
  "at {time}": "a las {time}",
  "in {span}": "en {span}",
  never: "nunca",
  "no limit": "sin límite",
  "no time: it goes on": "nunca: continúa",
  "when the last one leaves": "cuando se va el último",
  "{name} muted you. You can unmute yourself.":
    "{name} le ha silenciado. Puede activar el micrófono usted mismo.",
  "{name} stopped your screen share.": "{name} ha detenido lo que usted compartía.",
  "{name} switched your camera off. You can switch it on again.":
    "{name} ha apagado su cámara. Puede volver a encenderla.",
  "{n} hour": "{n} hora",
  "{n} hours": "{n} horas",
  "{n} minute": "{n} minuto",
  "{n} minutes": "{n} minutos",
} satisfies Words;
