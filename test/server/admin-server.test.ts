/** The admin server over real sockets. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type AdminServer, startAdminServer } from '../../src/server/admin-server.ts';

describe('the admin server', () => {
  let server: AdminServer;
  let ready = false;
  const options = { host: '127.0.0.1', port: 0, ready: () => ready, status: () => ({ term: 3 }) };
  const get = (path: string, method = 'GET'): Promise<Response> => fetch(`http://${server.address}${path}`, { method });

  before(async () => {
    server = await startAdminServer(options);
  });
  after(() => server.close());

  test('lives from the start', async () => {
    const reply = await get('/livez');
    assert.equal(reply.status, 200);
    assert.equal(await reply.text(), 'ok\n');
  });

  test('is ready when its node is', async () => {
    assert.equal((await get('/readyz')).status, 503);
    ready = true;
    assert.equal((await get('/readyz')).status, 200);
  });

  test('tells the status of the moment as JSON', async () => {
    const reply = await get('/status?pretty');
    assert.equal(reply.headers.get('content-type'), 'application/json');
    assert.deepEqual(await reply.json(), { term: 3 });
  });

  test('knows no other path and no other method', async () => {
    assert.equal((await get('/')).status, 404);
    assert.equal((await get('/status', 'POST')).status, 405);
    assert.equal((await get('/livez', 'HEAD')).status, 200);
  });

  test('refuses a port that is taken', async () => {
    const port = Number(server.address.split(':')[1]);
    await assert.rejects(startAdminServer({ ...options, port }), { code: 'PORT_IN_USE', message: /is taken/ });
  });

  test('refuses to listen beyond loopback', async () => {
    await assert.rejects(startAdminServer({ ...options, host: '0.0.0.0' }), {
      code: 'BAD_OPTION',
      message: /loopback/,
    });
  });
});
