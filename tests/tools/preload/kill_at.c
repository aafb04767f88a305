/*
 * Preloaded into a program, it ends it by SIGKILL at the n-th of the calls
 * that change something outside of it: a file, a directory or a connection.
 *     KILL_AT=N          before it, after it, or in the middle of a write
 *     KILL_COUNT=FILE    instead counts them, for the choice of N
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_long calls;
static long kill_at = -1;

__attribute__((constructor)) static void begin(void)
{
	const char *at = getenv("KILL_AT");

	if (at)
		kill_at = strtol(at, NULL, 10);
}

__attribute__((destructor)) static void end(void)
{
	const char *file = getenv("KILL_COUNT");
	FILE *f = file ? fopen(file, "we") : NULL;

	if (!f)
		return;
	fprintf(f, "%ld\n", atomic_load(&calls));
	fclose(f);
}

static void die(void)
{
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

/* How a call that is the n-th is met. */
enum moment { NOT_NOW, AFTER, HALF_WAY };

static enum moment met(void)
{
	if (atomic_fetch_add(&calls, 1) + 1 != kill_at)
		return NOT_NOW;
	if (kill_at % 3 == 0)
		die();
	return kill_at % 3 == 1 ? AFTER : HALF_WAY;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* The rest of a function whose call moves `len` bytes by CALL(n). */
#define MOVE(len, CALL)                                                        \
	do {                                                                   \
		enum moment m = met();                                         \
		if (m == NOT_NOW)                                              \
			return CALL(len);                                      \
		(void)!CALL(m == HALF_WAY ? (len) / 2 : (len));                \
		die();                                                         \
		return -1;                                                     \
	} while (0)

#define CHANGE(call)                                                           \
	do {                                                                   \
		if (met() == NOT_NOW)                                          \
			return call;                                           \
		(void)!call;                                                   \
		die();                                                         \
		return -1;                                                     \
	} while (0)

ssize_t write(int fd, const void *data, size_t len)
{
#define CALL(n) REAL(write)(fd, data, n)
	MOVE(len, CALL);
#undef CALL
}

ssize_t send(int fd, const void *data, size_t len, int flags)
{
#define CALL(n) REAL(send)(fd, data, n, flags)
	MOVE(len, CALL);
#undef CALL
}

int fsync(int fd)
{
	CHANGE(REAL(fsync)(fd));
}

int rename(const char *from, const char *to)
{
	CHANGE(REAL(rename)(from, to));
}

int renameat2(
    int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
	CHANGE(REAL(renameat2)(from_dir, from, to_dir, to, flags));
}

int link(const char *from, const char *to)
{
	CHANGE(REAL(link)(from, to));
}

int unlink(const char *path)
{
	CHANGE(REAL(unlink)(path));
}

int mkostemp64(char *pattern, int flags)
{
	CHANGE(REAL(mkostemp64)(pattern, flags));
}

int mkdir(const char *path, mode_t mode)
{
	CHANGE(REAL(mkdir)(path, mode));
}
