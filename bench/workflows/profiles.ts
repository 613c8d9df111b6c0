import { collection, fields, topic, workflow } from "millrace";

export interface Profile {
  readonly user: string;
  readonly text: string;
  readonly probe: boolean;
}

export const profiles = topic("profiles", { schema: fields({ user: "string", text: "string", probe: "boolean" }), retention: { bytes: 64 * 1024 * 1024 } });

export const probed = collection<Profile>("probed", { key: (row) => row.user });

/** Keeps the last profile of each user, about a kilobyte; shows those that ask for it. */
export const latest = workflow("latest", (flow) =>
  flow
    .from(profiles)
    .keyBy((profile) => profile.user)
    .reduce((_, after) => after)
    .filter((profile) => profile.probe)
    .to(probed),
);
