#include "restore/command.h"
#include "restore/open.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/log.h"

/* The directory must be new or empty: a tree over another is neither. */
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

int command_extract(const struct command *c, struct err *err)
{
	cleanup(open_done) struct opened o = OPENED_INIT;
	cleanup(buf_done) struct buf size = BUF_INIT;
	const char *to = c->options->to;

	if (!to)
		return err_set(err, ERR_USAGE,
		    "extract needs --to DIR, a new or empty directory");
	if (make_target(to, err))
		return -1;
	if (open_extract(c, &o, to, err))
		return -1;
	str_add_bytes(&size, o.totals.bytes);
	log_info("'%s' is in '%s': %llu entries, %s", o.snapshot->label, to,
	    (unsigned long long)o.totals.entries, buf_str(&size));
	return 0;
}
