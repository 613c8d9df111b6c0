import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

/** What new objects may take, bytes: two halves of 8 MiB, and as much again while survivors are moved. */
const LARGEST = 16 * 1024 * 1024;
const LOOK_MILLISECONDS = 20;

/**
 * Keeps V8's young generation of this process from growing to its limit of 64 MB and more, as it does
 * under a steady load: engine and codecs make short-lived objects, for which a small one is as fast.
 * `end` lets it grow again. Flags are the process's: not for one in which workers allocate too.
 */
export function limitYoungGeneration(): { end(): void } {
  const timer = setInterval(() => {
    const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space");
    if (young !== undefined && young.space_size < LARGEST) return;
    clearInterval(timer);
    setFlagsFromString("--semi-space-growth-factor=1");
  }, LOOK_MILLISECONDS);
  timer.unref();
  return {
    end() {
      clearInterval(timer);
      setFlagsFromString("--semi-space-growth-factor=2");
    },
  };
}
