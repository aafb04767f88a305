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
	int held = lease_show(target->client, c->env.clock, &info, err);

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

int command_unlock(const struct command *c, struct err *err)
{
	cleanup(session_done) struct session s = SESSION_INIT;
	cleanup(locked_done) struct locked l = {
	    .array = json_new_array(), .text = BUF_INIT};
	cleanup(buf_done) struct buf out = BUF_INIT;
	int failed = 0;

	s.c = c;
	if (session_open_targets(&s, err))
		return err_wrap(err, "unlock");
	VEC_EACH (&s.targets.plan, target) {
		failed = unlock(c, target, &l, err);
		if (failed) {
			err_wrap(err, "unlock: cluster '%s'", target->name);
			break;
		}
	}
	if (c->options->common.output == CLI_OUTPUT_JSON)
		document_write_list(c->name, NULL, "clusters", l.array, &out);
	fputs(buf_str(out.len ? &out : &l.text), stdout);
	if (!failed && l.left)
		return err_set(err, ERR_LOCKED,
		    "unlock: the lock was left as it is; make sure that this "
		    "run is dead, then add --yes");
	return failed;
}
