/** C0, DEL, C1, line and paragraph separators: whatever could end a line, or be taken by a terminal for a command. */
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** Text in which `by` stands for each run of control characters: for text from outside that people read in one line. */
export function replaceControls(text: string, by: (controls: string) => string): string {
  return text.replace(CONTROLS, (controls) => by(controls));
}

/** Text with its control characters in words, such as `\u001b`, so that they are shown and not obeyed; those in `kept` stay. */
export function escapeControls(text: string, kept = ""): string {
  return replaceControls(text, (controls) => {
    let shown = "";
    for (const control of controls) shown += kept.includes(control) ? control : `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`;
    return shown;
  });
}
