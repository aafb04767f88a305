#include "config/cli/document.h"
#include "restore/browse.h"
#include "restore/command.h"
#include "restore/head.h"
#include "restore/open.h"
#include "restore/things.h"
#include "storage/archive/unpack_file.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/base/log.h"

#include <stdio.h>

/* The directory must be new or empty: two trees in one directory would be
 * neither. */
static int make_target(const char *dir, struct err *err)
{
	cleanup(strvec_done) struct strvec names = VEC_INIT;

	if (file_exists(dir)) {
		if (file_list_dir(dir, &names, err))
			return -1;
		if (names.len)
			return err_set(err, ERR_USAGE,
			    "'%s' is not empty: name a new directory", dir);
		return 0;
	}
	return file_mkdirs(dir, err);
}

static void print_extracted(
    const struct command *c, const struct opened *o, const char *to)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	log_progress("%s", "");
	if (c->options->common.output == CLI_OUTPUT_JSON) {
		cleanup(json_freep) struct json_object *j =
		    document_new(c->name, o->snapshot->label);

		json_set_str(j, "directory", to);
		json_set_int(j, "entries", (int64_t)o->totals.entries);
		json_set_int(j, "bytes", (int64_t)o->totals.bytes);
		document_write(j, &out);
		fputs(buf_str(&out), stdout);
		return;
	}
	str_add_bytes(&out, o->totals.bytes);
	printf("%s is in '%s': %llu entries, %s\n", o->snapshot->label, to,
	    (unsigned long long)o->totals.entries, buf_str(&out));
}

/* ---- a part of it ---- */

struct extracting {
	struct browse *browse;
	const struct strvec *only;
	struct strvec unused; /* those that matched nothing yet */
	struct unpack_file file;
};

static void mark_used(struct extracting *x, const struct contents_entry *e)
{
	struct strvec left = VEC_INIT;

	VEC_EACH (&x->unused, text)
		if (!things_match(*text, e))
			strvec_add(&left, *text);
	strvec_done(&x->unused);
	x->unused = left;
}

static int extract_entry(
    void *ctx, const struct contents_entry *e, struct err *err)
{
	enum { MEMORY = 1024 * 1024 };
	struct extracting *x = ctx;
	struct reader_totals *totals = &x->browse->opened.totals;
	struct spool spool;

	if (!things_match_any(x->only, e))
		return 0;
	mark_used(x, e);
	spool_init(&spool, x->browse->opened.scratch.path, MEMORY);
	int failed = browse_read(x->browse, e, &spool, err);
	if (!failed)
		failed = browse_write(&x->file, e->path, &spool, err);
	spool_done(&spool);
	totals->entries++;
	totals->bytes += e->bytes;
	return failed;
}

static int check_only(const struct strvec *only, struct err *err)
{
	VEC_EACH (only, text)
		if (things_check(*text, err))
			return -1;
	return 0;
}

static int extract_only(
    const struct command *c, const char *to, struct err *err)
{
	cleanup(browse_done) struct browse browse = BROWSE_INIT;
	struct extracting x = {.browse = &browse, .only = &c->options->only};

	VEC_EACH (x.only, text)
		strvec_add(&x.unused, *text);
	unpack_file_init(&x.file, to);
	int failed = browse_open(c, &browse, err);
	if (!failed)
		failed = browse_each(&browse, extract_entry, &x, err);
	if (!failed && x.unused.len)
		failed = err_set(err, ERR_NOT_FOUND,
		    "--only %s: there is no such thing in '%s'; `ls` lists "
		    "what there is",
		    x.unused.items[0], browse.opened.snapshot->label);
	unpack_file_done(&x.file);
	strvec_done(&x.unused);
	/* It was empty before. */
	if (failed)
		file_empty_dir(to);
	else
		print_extracted(c, &browse.opened, to);
	return failed;
}

int command_extract(const struct command *c, struct err *err)
{
	cleanup(open_done) struct opened o = OPENED_INIT;
	const char *to = c->options->to;

	if (!to)
		return err_set(err, ERR_USAGE,
		    "extract needs --to DIR, a new or empty directory");
	if (check_only(&c->options->only, err) || open_snapshot(c, &o, err) ||
	    head_gate(c, &o, err) || make_target(to, err))
		return -1;
	if (c->options->only.len)
		return extract_only(c, to, err);
	if (open_extract(c, &o, to, err))
		return -1;
	print_extracted(c, &o, to);
	return 0;
}
