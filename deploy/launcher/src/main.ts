import { processEnvironment, readSettings } from './env';
import { startPlatform } from './platform';

/** `npm start`: everything on this host until Ctrl-C. */
async function main(): Promise<void> {
  const settings = readSettings(processEnvironment());
  let stop = (): Promise<void> => Promise.resolve();
  const leave = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
  const starting = startPlatform(settings, (name, seconds) => console.log(`  ${name} (${seconds.toFixed(1)} s)`));
  const platform = await Promise.race([starting, leave]);
  if (platform) {
    stop = () => platform.stop();
    console.log(`\n  address   ${platform.url}   (API under /api, reference at /docs, health at /healthz)`);
    console.log(`  API key   ${platform.keyFile}`);
    console.log(`  admin key ${platform.adminKeyFile}`);
    console.log(`  logs      ${settings.home}/logs\n`);
    console.log('Attune is ready');
    await leave;
  } else {
    stop = async () => (await starting).stop();
  }
  console.log('\nstopping');
  await stop();
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
