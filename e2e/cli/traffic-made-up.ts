/** Made-up readings in columns of the city's feed, some of them five minutes late. */
export function madeUpWeek(rows: number): string {
  const lines = ["status,avgSpeed,TIMESTAMP,vehicleCount,_id,REPORT_ID"];
  const begin = Date.UTC(2024, 0, 1);
  for (let i = 0; i < rows; i++) {
    const detector = i % 449;
    const time = begin + Math.floor(i / 449) * 300_000 - (i % 97 === 0 ? 300_000 : 0);
    lines.push(`OK,${30 + ((i * 7919) % 101)},${new Date(time).toISOString().slice(0, 19)},${(i * 31) % 17},${i},${150_000 + detector}`);
  }
  return `${lines.join("\n")}\n`;
}
