#include "restore/command.h"
#include "restore/run/progress.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define PREFIX "restore-"
#define SUFFIX ".journal"

/* The label in "restore-LABEL.journal" starts with the one that is asked for;
 * NULL: any. */
static bool is_journal(const char *file, const char *label)
{
	size_t len = strlen(file);

	return str_starts(file, PREFIX) && str_ends(file, SUFFIX) &&
	       len > strlen(PREFIX SUFFIX) &&
	       (!label || str_starts(file + strlen(PREFIX), label));
}

static bool is_newer(const struct stat *a, const struct stat *b)
{
	return a->st_mtim.tv_sec != b->st_mtim.tv_sec
		   ? a->st_mtim.tv_sec > b->st_mtim.tv_sec
		   : a->st_mtim.tv_nsec > b->st_mtim.tv_nsec;
}

/* The one that was written to last, of those that the operand names. */
static char *find_journal(const struct command *c, struct err *err)
{
	autofree char *dir = file_join(c->settings->state_dir, "journal");
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	const char *label =
	    c->which && !str_eq(c->which, "latest") ? c->which : NULL;
	autofree char *newest = NULL;
	struct stat newest_stat = {.st_size = 0};

	if (file_exists(dir) && file_list_dir(dir, &names, err))
		return NULL;
	VEC_EACH (&names, name) {
		struct stat s;

		if (!is_journal(*name, label))
			continue;
		autofree char *path = file_join(dir, *name);
		if (stat(path, &s))
			continue; /* replaced by a new run just now */
		if (newest && !is_newer(&s, &newest_stat))
			continue;
		free(newest);
		newest = steal(path);
		newest_stat = s;
	}
	if (!newest)
		err_set(err, ERR_NOT_FOUND,
		    "%s: no restore%s%s has begun here; each keeps its journal "
		    "in the state_dir of the machine where it runs",
		    dir, label ? " of " : "", label ? label : "");
	return steal(newest);
}

int command_status(const struct command *c, struct err *err)
{
	cleanup(buf_done) struct buf out = BUF_INIT;
	autofree char *path = find_journal(c, err);
	bool at_work;

	if (!path)
		return err_wrap(err, "status");
	cleanup(journal_closep) struct journal *j =
	    journal_inspect(path, &at_work, err);
	if (!j)
		return err_wrap(err, "status");
	struct progress p;
	progress_init(&p, j, at_work);
	if (c->options->common.output == CLI_OUTPUT_JSON)
		progress_print_json(&p, c->name, &out);
	else
		progress_print_table(&p, &out);
	progress_done(&p);
	fputs(buf_str(&out), stdout);
	return 0;
}
