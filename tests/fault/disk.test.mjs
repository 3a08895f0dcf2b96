// A disk that stalls and one that is full. A small library in front of the C library makes them: it looks at the first
// octet of the file $DISK_MODE before it lets writes to the spool through ('s' stalls them, 'f' says that there is no space).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { breathe, sanitized, scratch, until, withGateway } from '../system/lib.mjs';

const number = (i) => `+4477009${String(i).padStart(5, '0')}`;
const source = String.raw`
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
static char mode(void)
{
    char c = '-';
    int fd = open(getenv("DISK_MODE"), O_RDONLY);
    if (fd >= 0) {
        if (read(fd, &c, 1) != 1)
            c = '-';
        close(fd);
    }
    return c;
}
static int spool(int fd)
{
    char link[64], name[512];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, name, sizeof name - 1);
    if (n < 0)
        return 0;
    name[n] = 0;
    return strstr(name, "spool.mdb") != NULL;
}
static int hindered(int fd)
{
    if (!spool(fd))
        return 0;
    while (mode() == 's')
        usleep(2000);
    if (mode() == 'f') {
        errno = ENOSPC;
        return 1;
    }
    return 0;
}
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at) { return hindered(fd) ? -1 : NEXT(pwrite64)(fd, p, n, at); }
ssize_t pwrite(int fd, const void *p, size_t n, off_t at) { return hindered(fd) ? -1 : NEXT(pwrite)(fd, p, n, at); }
ssize_t pwritev(int fd, const struct iovec *v, int n, off_t at) { return hindered(fd) ? -1 : NEXT(pwritev)(fd, v, n, at); }
ssize_t pwritev64(int fd, const struct iovec *v, int n, off64_t at) { return hindered(fd) ? -1 : NEXT(pwritev64)(fd, v, n, at); }
ssize_t writev(int fd, const struct iovec *v, int n) { return hindered(fd) ? -1 : NEXT(writev)(fd, v, n); }
int fdatasync(int fd) { return hindered(fd) ? -1 : NEXT(fdatasync)(fd); }
`;

const dir = scratch(), library = path.join(dir, 'disk.so'), modeFile = path.join(dir, 'mode');
after(() => fs.rmSync(dir, { recursive: true, force: true }));
let skip = sanitized && 'the sanitizer wants to be the first library';
if (!skip) {
  try {
    fs.writeFileSync(path.join(dir, 'disk.c'), source);
    execFileSync(process.env.CC ?? 'cc', ['-shared', '-fPIC', '-O1', '-o', library, path.join(dir, 'disk.c'), '-ldl'], { stdio: 'pipe' });
  } catch (e) {
    skip = `no C compiler: ${e.message}`;
  }
}
const disk = (mode) => fs.writeFileSync(modeFile, mode);
const env = { LD_PRELOAD: library, DISK_MODE: modeFile };

test('a disk that stalls: nothing is answered or sent meanwhile, and the rate holds afterwards', { skip }, async () => {
  disk('-');
  await withGateway({ env, settings: { rate: 50, burst: 5, window: 100 } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    await Promise.all(Array.from({ length: 160 }, (_, i) => daemon.send(number(i), `text ${i}`)));
    for (let k = 0; k < 3; k++) {
      const n = carrier.submits.length;
      await until('some', () => carrier.submits.length >= n + 20);
      disk('s');
      await breathe(50); // what had been claimed before
      const before = carrier.submits.length;
      let answered = false;
      const late = daemon.send(number(500 + k), `late ${k}`).then(() => (answered = true));
      await breathe(400);
      assert.equal(carrier.submits.length, before, 'no submission without a claim that is synced');
      assert.equal(answered, false, 'no 202 before it is synced');
      assert.equal((await daemon.request('GET', '/healthz')).status < 600, true, 'the loop does not wait for the disk');
      disk('-');
      await late;
    }
    await until('all', () => carrier.submits.length === 163);
    const at = carrier.submits.map((s) => s.at);
    for (let i = 0, j = 0; i < at.length; i++) {
      while (at[i] - at[j] >= 1000) j++;
      assert.ok(i - j + 1 <= 50 + 5 + 3, `${i - j + 1} within a second`);
    }
    assert.equal(new Set(carrier.submits.map((s) => s.text)).size, 163);
  });
});

test('a full disk: new work is refused and said to be, and all goes on when there is space', { skip }, async () => {
  disk('-');
  let silent = true;
  await withGateway({ env, settings: { window: 20 }, carrier: { answer: () => (silent ? null : {}) } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const ids = [];
    for (let i = 0; i < 30; i++) ids.push(await daemon.send(number(i), `text ${i}`));
    await until('a full window', () => carrier.submits.length === 20);
    disk('f');
    // A refusal, at once, and again; and the carrier's answers come while nothing can be written.
    for (let k = 0; k < 3; k++) {
      const r = await daemon.request('POST', '/v1/messages', { to: number(100 + k), text: 'refused' });
      assert.equal(r.status, 507, JSON.stringify(r.body));
      assert.equal(r.body.error.code, 'full');
    }
    silent = false;
    for (const s of [...carrier.submits]) carrier.respond(s);
    const inbound = carrier.inbound(number(1), '80080', 'hello');
    const h = await until('it to be unwell', async () => {
      const r = await daemon.request('GET', '/healthz');
      return r.status === 503 && r;
    });
    assert.match(JSON.stringify(h.body), /spool: .*space/);
    const r = await until('no one to wait for space', async () => {
      const x = await daemon.request('POST', '/v1/messages', { to: number(200), text: 'refused' });
      return x.status !== 507 && x;
    });
    assert.equal(r.status, 503, JSON.stringify(r.body));
    assert.equal(r.body.error.code, 'busy');
    assert.equal((await daemon.request('GET', '/v1/status')).status, 200);
    disk('-');
    for (const id of ids) await daemon.becomes(id, 'sent');
    assert.equal(carrier.submits.length, 30, 'nothing twice');
    const status = await inbound; // stored, or the carrier was told to send it again
    const kept = (await daemon.api('GET', '/v1/inbound')).inbound.length;
    assert.equal(kept, status === 0 ? 1 : 0, `answered with ${status}`);
    await daemon.becomes(await until('intake to be open', async () => {
      const r = await daemon.request('POST', '/v1/messages', { to: number(7), text: 'again' });
      return r.status === 202 && r.body.id;
    }), 'sent');
    await until('health', async () => (await daemon.request('GET', '/healthz')).status === 200);
  });
});
