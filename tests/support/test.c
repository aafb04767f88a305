#include "tests/support/test.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/base/str.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int64_t now(void *ctx)
{
	return ((struct test_clock *)ctx)->now_ms;
}

static void sleep_on(void *ctx, int64_t duration_ms)
{
	((struct test_clock *)ctx)->now_ms += duration_ms;
}

void test_clock_init(struct test_clock *c, int64_t now_ms)
{
	c->clock = (struct clock){
	    .now_ms = now, .ticks_ms = now, .sleep_ms = sleep_on, .ctx = c};
	c->now_ms = now_ms;
}

static void fill(void *ctx, void *out, size_t len)
{
	struct test_random *r = ctx;
	unsigned char *p = out;

	for (size_t i = 0; i < len; i++) {
		r->state ^= r->state << 13;
		r->state ^= r->state >> 7;
		r->state ^= r->state << 17;
		p[i] = (unsigned char)(r->state >> 32);
	}
}

void test_random_init(struct test_random *r, uint64_t seed)
{
	r->random = (struct random){.fill = fill, .ctx = r};
	r->state = seed * 2654435769u + 1;
}

char *test_dir_make(void)
{
	const char *parent = getenv("TMPDIR");
	char *path =
	    str_printf("%s/backstay-test-XXXXXX", parent ? parent : "/tmp");

	if (!mkdtemp(path))
		abort();
	return path;
}

void test_dir_remove(char *path)
{
	struct err err = ERR_INIT;

	if (file_remove_tree(path, &err))
		fail_msg("%s", err.message);
	free(path);
}

int test_dir_setup(void **state)
{
	*state = test_dir_make();
	return 0;
}

int test_dir_teardown(void **state)
{
	test_dir_remove(*state);
	return 0;
}

struct json_object *test_json(const char *text)
{
	struct err err = ERR_INIT;
	struct json_object *j = json_parse(text, strlen(text), &err);

	if (!j)
		fail_msg("%s: %s", err.message, text);
	return j;
}

void assert_json(const struct json_object *j, const char *expected)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	json_write(&out, j, JSON_COMPACT);
	assert_string_equal(buf_str(&out), expected);
}

char *test_stderr_of(void (*fn)(void))
{
	char *dir = test_dir_make();
	autofree char *path = file_join(dir, "stderr");
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	int saved = dup(STDERR_FILENO);
	int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);

	dup2(fd, STDERR_FILENO);
	fn();
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(fd);
	assert_ok(file_read(path, 1 << 20, &text, &err), err);
	test_dir_remove(dir);
	return buf_steal(&text);
}

void test_take(void *ctx, const char *text, size_t len)
{
	buf_add(ctx, text, len);
}
