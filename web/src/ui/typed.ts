/** What a person has typed into the screen that the page came with, before there was a script to hear it. */

/** Reads it; what is returned puts it back into the fields that are there still, as if it were typed now. */
export function typedIn(root: HTMLElement): () => void {
  const touched = [...root.querySelectorAll("input")]
    .filter((f) => f.value !== f.defaultValue || f.checked !== f.defaultChecked)
    .map((field) => ({ field, value: field.value, checked: field.checked }));
  return () => {
    for (const { field, value, checked } of touched) {
      field.value = value;
      field.checked = checked;
      for (const type of ["input", "change"])
        field.dispatchEvent(new Event(type, { bubbles: true }));
    }
  };
}
