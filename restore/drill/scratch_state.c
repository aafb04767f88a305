#include "restore/drill/scratch_state.h"

#include "restore/drill/state_list.h"
#include "restore/plan/plan.h"
#include "storage/archive/tree.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/base/stream.h"
#include "storage/terraform/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a file says of itself. */
struct content {
	uint8_t sha256[DIGEST_SHA256_LEN];
	struct state_facts facts;
};

/* Reads a whole file; what is read also goes to `next`, which it owns, or which
 * is NULL. */
static int read_through(
    const char *file, struct sink *next, struct content *out, struct err *err)
{
	cleanup(state_reader_freep) struct state_reader *r = state_reader_new();
	uint64_t bytes;
	cleanup(sink_freep) struct sink *to =
	    sink_digest(state_reader_sink(r, next), out->sha256, &bytes);
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return err_system(err, errno, "reading '%s'", file);
	cleanup(source_freep) struct source *from = source_from_fd(fd, file);
	if (stream_copy(from, to, err) < 0 || sink_finish(to, err))
		return -1;
	state_reader_finish(r, &out->facts);
	return 0;
}

static int copy(
    const char *from, const char *to, struct content *was, struct err *err)
{
	autofree char *parent = file_parent(to);

	if (file_mkdirs(parent, err))
		return -1;
	int fd = open(
	    to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_system(err, errno, "writing '%s'", to);
	return read_through(from, sink_to_fd(fd, to), was, err);
}

/* An object that was no state when it was captured is bytes and no more. */
static int check_facts(const struct state_facts *f,
    const struct json_object *captured, bool *state, struct err *err)
{
	const char *lineage = json_get_str(captured, "lineage");
	int64_t serial = json_get_int(captured, "serial", -1);

	*state = json_kind(json_get(captured, "serial")) == JSON_INT;
	if (!*state)
		return 0;
	if (!f->state)
		return err_set(err, ERR_INTEGRITY,
		    "it does not read as Terraform state any more");
	if (f->serial != serial)
		return err_set(err, ERR_INTEGRITY,
		    "its serial is %lld, and %lld was captured",
		    (long long)f->serial, (long long)serial);
	if (lineage && !str_eq(f->lineage, lineage))
		return err_set(err, ERR_INTEGRITY,
		    "its lineage is '%s', and '%s' was captured", f->lineage,
		    lineage);
	return 0;
}

static int restore(struct scratch_state *p, const struct plan_node *n,
    struct outcome *outcome, struct err *err)
{
	autofree char *from = tree_path(p->tree, n->path);
	autofree char *to = file_join(p->dir, n->path);
	struct content was = {.facts = {.json = false}}, is = was;
	bool state;

	if (copy(from, to, &was, err) || read_through(to, NULL, &is, err))
		return -1;
	if (memcmp(was.sha256, is.sha256, sizeof(is.sha256)) != 0)
		return err_set(err, ERR_INTEGRITY,
		    "what was written does not read back the same");
	if (check_facts(&is.facts, n->facts, &state, err))
		return -1;
	if (!state) {
		p->others++;
		outcome_set(outcome, OUTCOME_CREATED, "%s", "");
		return 0;
	}
	if (p->terraform && !is.facts.encrypted &&
	    state_list_accepts(p->terraform, to, p->env, err))
		return -1;
	p->states++;
	p->resources += is.facts.resources;
	outcome_set(outcome, OUTCOME_CREATED, "serial %lld, lineage %s",
	    (long long)is.facts.serial, is.facts.lineage);
	return 0;
}

static enum apply_result apply(
    void *ctx, uint32_t index, struct outcome *outcome, struct err *err)
{
	struct scratch_state *p = ctx;
	struct err why = ERR_INIT;

	(void)err;
	if (restore(p, &p->run->p->nodes.items[index], outcome, &why))
		outcome_failed(outcome, &why);
	return APPLY_ENDED;
}

static void begin(void *ctx, struct run *r)
{
	((struct scratch_state *)ctx)->run = r;
}

void scratch_state_init(struct scratch_state *p)
{
	p->driver =
	    (struct apply_driver){.ctx = p, .begin = begin, .apply = apply};
}
