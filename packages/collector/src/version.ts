/** Version of this package; all @tidemark packages share it. */
export const VERSION = "0.1.0";
