#include "agent/discover/cluster.h"
#include "agent/discover/paste.h"
#include "agent/discover/states.h"

#include "agent/agent.h"
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

static int read_mirrors(const struct agent *a, struct found *f, struct err *err)
{
	VEC_EACH (&a->settings->git.repositories, r) {
		autofree char *dir = str_printf(
		    "%s/git/%s.git", a->settings->state_dir, r->name);
		if (states_read(dir, r->name, a->env.cancel, f, err))
			return -1;
	}
	return 0;
}

static void hold_against(const struct settings *s, struct found *f)
{
	VEC_EACH (&s->git.repositories, r)
		found_cover_repository(f, r->url);
	VEC_EACH (&s->terraform.buckets, b)
		found_cover_bucket(f, b->s3.bucket, &b->prefixes);
	VEC_EACH (&f->credentials, c)
		c->covered = settings_credentials_for(&s->git, c->url) != NULL;
}

int agent_discover(const struct agent *a, struct err *err)
{
	cleanup(found_done) struct found f = {.unclear = VEC_INIT};
	cleanup(buf_done) struct buf out = BUF_INIT;

	if (!a->settings->kubernetes.clusters.len &&
	    !a->settings->git.repositories.len)
		return err_set(err, ERR_USAGE,
		    "discover: %s names neither a cluster nor a repository to "
		    "search; add one",
		    a->settings->file);
	if (read_clusters(a, &f, err) || read_mirrors(a, &f, err))
		return err_wrap(err, "discover");
	hold_against(a->settings, &f);
	found_sort(&f);
	if (a->options->common.output == CLI_OUTPUT_JSON) {
		cleanup(json_freep) struct json_object *j = paste_json(&f);
		json_write(&out, j, JSON_PRETTY);
		buf_add_char(&out, '\n');
	} else {
		paste_write(&f, a->settings->file, &out);
	}
	fputs(buf_str(&out), stdout);
	return found_is_covered(&f) ? 0 : 1;
}
