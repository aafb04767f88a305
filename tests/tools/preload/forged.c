/*
 * Preloaded into a program, it gives libgit2's answer to a forged collision of
 * SHA-1 for each object that holds the text below. So no object has to be one.
 */
#include <dlfcn.h>
#include <git2.h>
#include <stdbool.h>
#include <string.h>

static const char mark[] = "taken for a forged object";

static _Thread_local bool in_stream;

static bool is_marked(const void *data, size_t len)
{
	return memmem(data, len, mark, strlen(mark)) != NULL;
}

int git_odb_hash(git_oid *id, const void *data, size_t len, git_object_t type)
{
	int (*real)(git_oid *, const void *, size_t, git_object_t);

	*(void **)&real = dlsym(RTLD_NEXT, "git_odb_hash");
	return is_marked(data, len) ? -1 : real(id, data, len, type);
}

int git_odb_stream_write(git_odb_stream *s, const char *data, size_t len)
{
	int (*real)(git_odb_stream *, const char *, size_t);

	*(void **)&real = dlsym(RTLD_NEXT, "git_odb_stream_write");
	in_stream = in_stream || is_marked(data, len);
	return real(s, data, len);
}

int git_odb_stream_finalize_write(git_oid *id, git_odb_stream *s)
{
	int (*real)(git_oid *, git_odb_stream *);
	const bool found = in_stream;

	*(void **)&real = dlsym(RTLD_NEXT, "git_odb_stream_finalize_write");
	in_stream = false;
	return found ? -1 : real(id, s);
}
