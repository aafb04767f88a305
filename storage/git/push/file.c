#include "storage/git/push/file.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/git/pack/incoming.h"
#include "storage/git/repo/ref_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool is_empty_or_missing(const char *path)
{
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	struct err ignored = ERR_INIT;

	if (!file_exists(path))
		return true;
	return file_list_dir(path, &names, &ignored) == 0 && names.len == 0;
}

static int receive(struct push *p, const char *dir, struct err *err)
{
	const struct incoming_options o = {.hash = p->hash,
	    .dir = dir,
	    .durable = true,
	    .cancel = p->access.cancel};
	cleanup(incoming_freep) struct incoming *in = incoming_new(&o, err);

	if (!in ||
	    push_compare_pack(p, 0, p->changes.len, incoming_add, in, err) ||
	    incoming_check(in, err) || incoming_keep(in, err))
		return -1;
	p->result->sent_bytes = incoming_bytes(in);
	if (p->o->progress)
		p->o->progress(p->o->progress_ctx, p->result->sent_bytes);
	return 0;
}

static void set_ref_error(struct push_change *c, const struct err *why)
{
	c->reason = str_dup(why->message);
}

static int write_refs(struct push *p, struct repo *repo, struct err *err)
{
	/* All refs at once if the repository is new; else one by one, since
	 * each may be refused (a lock, a directory in its way). */
	if (p->result->created) {
		if (ref_files_write(repo_dir(repo), p->hash, &p->refs, err))
			return -1;
		VEC_EACH (&p->changes, c)
			c->done = true;
		return 0;
	}
	VEC_EACH (&p->changes, c) {
		struct err why = ERR_INIT;
		if (cancel_check(p->access.cancel, err))
			return -1;
		int failed = c->deletes
				 ? repo_delete_ref(repo, c->name, &why)
				 : repo_set_ref(repo, c->name, c->new_id, &why);
		c->done = !failed;
		if (failed)
			set_ref_error(c, &why);
	}
	return 0;
}

/* Our files are for their owner alone. Here, whoever may enter the folder of
 * the objects may read them, since a server may be another user. */
static int open_up(const char *dir, const char *name, struct err *err)
{
	autofree char *objects = file_join(dir, "objects");
	autofree char *path = file_join(dir, name);
	struct stat st;

	if (!file_exists(path))
		return 0;
	if (stat(objects, &st) || chmod(path, st.st_mode & 0666))
		return err_system(
		    err, errno, "cannot set the mode of %s", path);
	return 0;
}

static int write_head(struct push *p, const char *dir, struct err *err)
{
	if (ref_files_write_head(dir, p->result->head, err) ||
	    open_up(dir, "HEAD", err) || open_up(dir, "packed-refs", err))
		return -1;
	p->result->head_set = true;
	p->result->target_head = str_dup(p->result->head);
	return 0;
}

static bool sends_objects(const struct push *p)
{
	VEC_EACH (&p->changes, c) {
		if (!c->deletes)
			return true;
	}
	return false;
}

int push_file(struct push *p, struct err *err)
{
	cleanup(repo_freep) struct repo *repo = NULL;

	p->result->created = is_empty_or_missing(p->where.path);
	if (p->result->created && p->o->dry_run)
		return push_compare(p, err);
	if (p->result->created && repo_init_bare(p->where.path, p->hash, err))
		return -1;
	repo = repo_open(p->where.path, err);
	if (!repo)
		return -1;
	if (!repo_is_bare(repo))
		return err_set(err, ERR_USAGE,
		    "%s has a working tree, which a push would leave behind: "
		    "give a bare repository",
		    p->where.path);
	if (repo_has_reftable(repo))
		return err_set(err, ERR_FORMAT,
		    "%s keeps its references in a reftable, which can be read "
		    "but not be written to: give its URL on a server, or "
		    "convert it (git refs migrate --ref-format=files)",
		    p->where.path);
	if (push_compare_hash(p, repo_hash(repo), err) ||
	    ref_files_read(repo_dir(repo), p->hash, &p->target, err) ||
	    push_compare(p, err))
		return -1;
	if (p->o->dry_run)
		return 0;
	if (sends_objects(p) && receive(p, repo_dir(repo), err))
		return -1;
	if (write_refs(p, repo, err))
		return -1;
	return write_head(p, repo_dir(repo), err);
}
