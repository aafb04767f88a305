/* unlock: shows, or removes, the locks of a restore in its clusters. */
#include "restore/command.h"
#include "restore/session.h"

#include "config/cli/document.h"
#include "restore/kube/lease.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <stdio.h>

struct locked {
	struct json_object *array;
	struct buf text;
	size_t left;
};

static void locked_done(struct locked *l)
{
	json_free(l->array);
	buf_done(&l->text);
}

static void describe(struct locked *l, const char *cluster,
    const struct lease_info *info, bool removed)
{
	char taken[CLOCK_TEXT_MAX], renewed[CLOCK_TEXT_MAX];
	struct json_object *j = json_new_object();

	clock_rfc3339(info->taken, taken);
	clock_rfc3339(info->renewed, renewed);
	json_set_str(j, "cluster", cluster);
	json_set_str(j, "holder", info->holder);
	json_set_str(j, "since", taken);
	json_set_str(j, "renewed", renewed);
	json_set_bool(j, "dead", info->dead);
	json_set_bool(j, "removed", removed);
	json_append(l->array, j);
	buf_printf(&l->text, "cluster '%s': held by ", cluster);
	str_add_printable(&l->text, info->holder, strlen(info->holder));
	buf_printf(&l->text, " since %s, last sign of life %s%s\n", taken,
	    renewed, info->dead ? " (dead)" : "");
	if (removed)
		buf_printf(
		    &l->text, "cluster '%s': the lock was removed\n", cluster);
}

static int unlock(const struct command *c, const struct plan_cluster *target,
    struct locked *l, struct err *err)
{
	cleanup(lease_info_done) struct lease_info info = {.holder = NULL};
	int held = target->client
		       ? lease_show(target->client, c->env.clock, &info, err)
		       : 0;

	if (held < 0)
		return -1;
	if (!held) {
		buf_printf(&l->text, "cluster '%s': no lock\n", target->name);
		return 0;
	}
	if (c->options->yes && lease_break(target->client, err))
		return -1;
	l->left += !c->options->yes;
	describe(l, target->name, &info, c->options->yes);
	return 0;
}

static int open_targets(
    const struct command *c, struct session *s, struct err *err)
{
	const struct targets_chosen all = {.spared = true};

	s->c = c;
	if (open_snapshot(c, &s->opened, err) ||
	    snapshot_manifest(s->opened.vault.vault, s->opened.snapshot,
		&s->opened.trust, &s->opened.manifest, NULL, err))
		return -1;
	s->opened.has_manifest = true;
	s->has_targets = true;
	return targets_open(
	    &s->targets, c, &s->opened.manifest, NULL, NULL, &all, err);
}

int command_unlock(const struct command *c, struct err *err)
{
	cleanup(session_done) struct session s = SESSION_INIT;
	cleanup(locked_done) struct locked l = {
	    .array = json_new_array(), .text = BUF_INIT};
	cleanup(buf_done) struct buf out = BUF_INIT;

	if (open_targets(c, &s, err))
		return err_wrap(err, "unlock");
	VEC_EACH (&s.targets.plan, target)
		if (unlock(c, target, &l, err)) {
			err_wrap(err, "cluster '%s'", target->name);
			return err_wrap(err, "unlock");
		}
	if (c->options->common.output == CLI_OUTPUT_JSON)
		document_write_list(c->name, "clusters", l.array, &out);
	fputs(buf_str(out.len ? &out : &l.text), stdout);
	if (l.left)
		return err_set(err, ERR_LOCKED,
		    "unlock: the lock was left as it is; make sure that this "
		    "run is dead, then add --yes");
	return 0;
}
