#include "storage/base/secret.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MAX_FILE_BYTES = 64 * 1024 };

struct secret {
	size_t len;
	size_t mapped; /* bytes of the mapping that holds this */
	atomic_size_t owners;
	char data[];
};

/* The secret has pages of its own: locking and wiping them affects nothing
 * else. */
struct secret *secret_new(const void *data, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t mapped = (sizeof(struct secret) + len + page) / page * page;
	struct secret *s = mmap(NULL, mapped, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (s == MAP_FAILED)
		abort();
	/* An ordinary user may lock little memory. Then the secret can be
	 * swapped, but is still wiped and left out of core files. */
	(void)mlock(s, mapped);
	(void)madvise(s, mapped, MADV_DONTDUMP);
	s->len = len;
	s->mapped = mapped;
	atomic_init(&s->owners, 1);
	memcpy(s->data, data, len);
	s->data[len] = '\0';
	return s;
}

struct secret *secret_share(struct secret *s)
{
	if (s)
		atomic_fetch_add(&s->owners, 1);
	return s;
}

struct secret *secret_from_file(const char *path, struct err *err)
{
	cleanup(buf_wipe) struct buf text = BUF_INIT;

	/* Reserved at once: growing would leave copies behind. */
	buf_reserve(&text, MAX_FILE_BYTES + 2 * 16384);
	if (file_read(path, MAX_FILE_BYTES, &text, err))
		return NULL;
	while (text.len && strchr("\r\n", text.data[text.len - 1]))
		buf_truncate(&text, text.len - 1);
	return secret_new(buf_str(&text), text.len);
}

void secret_free(struct secret *s)
{
	if (!s || atomic_fetch_sub(&s->owners, 1) > 1)
		return;
	size_t mapped = s->mapped;
	mem_wipe(s, mapped);
	munmap(s, mapped);
}

void secret_freep(struct secret **s)
{
	secret_free(*s);
}

const char *secret_reveal(const struct secret *s)
{
	return s ? s->data : "";
}

size_t secret_len(const struct secret *s)
{
	return s ? s->len : 0;
}

void secret_harden_process(void)
{
	struct rlimit none = {0, 0};

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
