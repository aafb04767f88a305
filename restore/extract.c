#include "restore/chain.h"
#include "restore/command.h"
#include "restore/open.h"
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
		cleanup(json_freep) struct json_object *j = json_new_object();

		json_set_str(j, "label", o->snapshot->label);
		json_set_str(j, "directory", to);
		json_set_int(j, "entries", (int64_t)o->totals.entries);
		json_set_int(j, "bytes", (int64_t)o->totals.bytes);
		json_write(&out, j, JSON_PRETTY);
		puts(buf_str(&out));
		return;
	}
	str_add_bytes(&out, o->totals.bytes);
	printf("%s is in '%s': %llu entries, %s\n", o->snapshot->label, to,
	    (unsigned long long)o->totals.entries, buf_str(&out));
}

int command_extract(const struct command *c, struct err *err)
{
	cleanup(open_done) struct opened o = OPENED_INIT;
	const char *to = c->options->to;

	if (!to)
		return err_set(err, ERR_USAGE,
		    "extract needs --to DIR, a new or empty directory");
	if (make_target(to, err))
		return -1;
	if (open_extract(c, &o, to, err))
		return -1;
	chain_warn(c, &o);
	print_extracted(c, &o, to);
	return 0;
}
