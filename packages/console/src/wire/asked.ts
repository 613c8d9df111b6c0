import { useEffect, useState } from "react";
import { get, Problem } from "./client.ts";

export interface Asked<T> {
  readonly value: T | undefined;
  readonly problem: Problem | undefined;
}

/** What the server answers at a path, asked once; and again every `every` ms where that is given. */
export function useAsked<T>(path: string, every?: number): Asked<T> {
  const [asked, setAsked] = useState<Asked<T>>({ value: undefined, problem: undefined });
  useEffect(() => {
    let gone = false;
    let next: ReturnType<typeof setTimeout> | undefined;
    const ask = async (): Promise<void> => {
      try {
        const value = await get<T>(path);
        if (!gone) setAsked({ value, problem: undefined });
      } catch (error) {
        const problem = error instanceof Problem ? error : new Problem(0, undefined, String(error));
        if (!gone) setAsked(({ value }) => ({ value, problem }));
      }
      if (!gone && every !== undefined) next = setTimeout(() => void ask(), every);
    };
    void ask();
    return () => {
      gone = true;
      clearTimeout(next);
    };
  }, [path, every]);
  return asked;
}
