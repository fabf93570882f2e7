import type { Finding } from "../diagnostics/diagnostic.ts";
import { kindOf, SECTION_NAMES, type Sections } from "../sections/sections.ts";
import { usedIds } from "./usage.ts";

/** Components that are configured and named nowhere: they are checked, and not started. */
export function checkUnused(sections: Sections): readonly Finding[] {
  const used = usedIds(sections);
  return SECTION_NAMES.flatMap((section) =>
    [...sections[section].values()]
      .filter(({ id }) => !used[section].has(id))
      .map(({ id, keySite, path }): Finding => {
        const where = section === "extensions" ? "service::extensions does not name it" : "no pipeline names it";
        const fix =
          section === "extensions" ? `add "${id}" to service: extensions:, or take it away` : `add "${id}" to a pipeline, or take it away`;
        return {
          code: "CFG_UNUSED_COMPONENT",
          site: keySite,
          path,
          message: `${section}: the ${kindOf(section)} "${id}" is configured but not started: ${where}`,
          fix,
        };
      }),
  );
}
