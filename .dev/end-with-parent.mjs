// Preloaded into the processes of the demo: when the one that started them is gone, however it ended, so are they.
process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));
process.channel?.unref();
