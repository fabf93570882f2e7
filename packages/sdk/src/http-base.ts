/**
 * An HTTP address to which paths are appended. `name` is the option that holds it, `fix` what to write there.
 * @throws TypeError when it is none.
 */
export function httpBase(address: string, name: string, fix: string): string {
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol))
    throw new TypeError(`${name} "${address}" is not an HTTP address; write ${fix}`);
  return address.replace(/\/+$/, "");
}
