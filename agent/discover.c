#include "agent/discover/cluster.h"
#include "agent/discover/paste.h"
#include "agent/discover/states.h"

#include "agent/agent.h"
#include "agent/covering.h"
#include "config/cli/document.h"
#include "config/organisations.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <stdio.h>
#include <stdlib.h>

static int read_clusters(
    const struct agent *a, struct found *f, struct err *err)
{
	VEC_EACH (&a->settings->kubernetes.clusters, s) {
		cleanup(connect_kube_done) struct connect_kube k = {
		    .client = NULL};
		if (connect_kube(&s->access, KUBE_GZIP_OFF, &a->env, &k, err))
			return err_wrap(err, "cluster '%s'", s->name);
		kube_client_set_stall_timeout(
		    k.client, (int)s->request_timeout);
		if (cluster_discover(k.client, s->name, a->env.clock, f, err))
			return -1;
	}
	return 0;
}

static int read_mirrors(const struct agent *a, const struct settings *s,
    struct found *f, struct err *err)
{
	VEC_EACH (&s->git.repositories, r) {
		autofree char *dir = str_printf(
		    "%s/git/%s.git", a->settings->state_dir, r->name);
		if (states_read(dir, r->name, a->env.cancel, f, err))
			return -1;
	}
	return 0;
}

/* With what the organisations have now among the repositories. */
static int discover(
    const struct agent *a, const struct settings *s, struct err *err)
{
	cleanup(found_done) struct found f = {.unclear = VEC_INIT};
	cleanup(buf_done) struct buf out = BUF_INIT;

	if (!s->kubernetes.clusters.len && !s->git.repositories.len)
		return err_set(err, ERR_USAGE,
		    "%s names neither a cluster nor a repository to search; "
		    "add one",
		    s->file);
	if (read_clusters(a, &f, err) || read_mirrors(a, s, &f, err))
		return -1;
	covering_settings(s, &f);
	found_sort(&f);
	if (a->options->common.output == CLI_OUTPUT_JSON) {
		cleanup(json_freep) struct json_object *j =
		    document_new(a->command, NULL);
		paste_json(&f, j);
		document_write(j, &out);
	} else {
		paste_write(&f, s->file, &out);
	}
	fputs(buf_str(&out), stdout);
	return found_is_covered(&f) ? 0 : 1;
}

int agent_discover(const struct agent *a, struct err *err)
{
	struct organisations all;
	int status = organisations_list(a->settings, &a->env, &all, err);

	VEC_EACH (&all.each, o)
		if (status == 0 && o->err.code != ERR_NONE) {
			*err = o->err;
			status = -1;
		}
	if (status == 0)
		status = discover(a, &all.settings, err);
	organisations_done(&all);
	return status < 0 ? err_wrap(err, "discover") : status;
}
