import { sizeWords } from "../call/filenames";
import { PICTURES } from "../call/files";
import type { FileInfo, FilesModel, Incoming, Outgoing } from "../call/model";
import { t } from "../call/words";
import { FileIcon } from "./icons";

/** A file in the chat: nothing of it is fetched, and nothing shown, before somebody asks for it. */
export function FileRow({ file, files }: { file: FileInfo; files: FilesModel }) {
  const item = files.incoming.value.get(file.key);
  return (
    <div class="file">
      <p class="file-name">
        <FileIcon />
        <bdi>{file.name}</bdi> <span class="soft">{sizeWords(file.size)}</span>
      </p>
      {item?.preview && <img class="file-picture" src={item.preview} alt={file.name} />}
      {item && <Progress item={item} name={file.name} />}
      {item?.problem && (
        <p class="warning" role="alert">
          {item.problem}
        </p>
      )}
      <Actions file={file} item={item} files={files} />
    </div>
  );
}

function Progress({ item, name }: { item: Incoming; name: string }) {
  if (item.state !== "fetching" && item.state !== "waiting") return null;
  return (
    <>
      <progress max={1} value={item.received} aria-label={t("Fetching {name}", { name })} />
      {item.state === "waiting" && (
        <p class="soft">{t("The server does not answer. Trying on.")}</p>
      )}
    </>
  );
}

interface ActionsProps {
  file: FileInfo;
  item: Incoming | undefined;
  files: FilesModel;
}

function Actions({ file, item, files }: ActionsProps) {
  const { key, name } = file;
  if (!item || item.state === "failed")
    return (
      <p class="file-actions">
        <Action
          word={item ? t("Try again") : t("Fetch")}
          name={name}
          run={() => files.fetch(file)}
        />
      </p>
    );
  if (item.state !== "ready")
    return (
      <p class="file-actions">
        <Action word={t("Cancel")} name={name} run={() => files.stop(key)} />
      </p>
    );
  return (
    <p class="file-actions">
      <Action word={t("Save")} name={name} run={() => files.save(key)} />
      {PICTURES.has(file.type) && (
        <Action
          word={item.preview ? t("Hide picture") : t("Show picture")}
          name={name}
          run={() => files.preview(key)}
        />
      )}
    </p>
  );
}

function Action({ word, name, run }: { word: string; name: string; run: () => void }) {
  return (
    <button type="button" class="plain small" aria-label={`${word}: ${name}`} onClick={run}>
      {word}
    </button>
  );
}

/** What is on its way to the server. */
export function Going({ files }: { files: FilesModel }) {
  if (files.outgoing.value.length === 0) return null;
  return (
    <ul class="going" aria-label={t("Files being sent")}>
      {files.outgoing.value.map((o) => (
        <GoingRow key={o.id} item={o} files={files} />
      ))}
    </ul>
  );
}

function GoingRow({ item: o, files }: { item: Outgoing; files: FilesModel }) {
  const { name } = o;
  return (
    <li class="file">
      <p class="file-name">
        <FileIcon />
        <bdi>{name}</bdi> <span class="soft">{sizeWords(o.size)}</span>
      </p>
      {o.state === "failed" ? (
        <p class="warning" role="alert">
          {o.problem}
        </p>
      ) : (
        <progress max={1} value={o.sent} aria-label={t("Sending {name}", { name })} />
      )}
      {o.state === "waiting" && <p class="soft">{t("The server does not answer. Trying on.")}</p>}
      <p class="file-actions">
        {o.state === "failed" && (
          <Action word={t("Try again")} name={name} run={() => files.retry(o.id)} />
        )}
        <Action word={t("Cancel")} name={name} run={() => files.cancel(o.id)} />
      </p>
    </li>
  );
}
