import { noEffectField } from "@tidemark/core";
import { z } from "zod";

const OWN_SIZES = "Node sizes its own buffers.";

/** `read_buffer_size` and `write_buffer_size` of clients and servers. */
export const bufferFields = {
  read_buffer_size: noEffectField(z.int(), OWN_SIZES, 524_288),
  write_buffer_size: noEffectField(z.int(), OWN_SIZES, 524_288),
} as const;
