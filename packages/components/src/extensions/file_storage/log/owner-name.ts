/** The folder of an owner's records: the Collector's scheme, characters that are not safe in file names as `~` and four hex digits. */
export function folderOfOwner(owner: string): string {
  const safe = owner.replaceAll(
    /[^A-Za-z0-9_.-]/g,
    (character) => `~${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`,
  );
  // "." and ".." are folders that exist.
  return /^\.+$/.test(safe) ? safe.replaceAll(".", "~002E") : safe;
}

/** The owner whose records are in a folder. */
export function ownerOfFolder(name: string): string {
  return name.replaceAll(/~([0-9A-F]{4})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
