#include "agent/backup.h"

#include "agent/shrink.h"
#include "storage/base/cleanup.h"
#include "storage/base/log.h"

static const char way_out[] =
    "if that is as it should be, say so once by `backup --accept-shrink`, or "
    "for ever by allow_empty: true of the source, or set shrink";

static void add_sources(const struct settings *s, struct shrink_sources *out)
{
	VEC_EACH (&s->git.repositories, r)
		*vec_add(out) =
		    (struct shrink_source){.kind = SHRINK_REPOSITORY,
			.name = r->name,
			.allow_empty = r->allow_empty};
	VEC_EACH (&s->kubernetes.clusters, c)
		*vec_add(out) = (struct shrink_source){.kind = SHRINK_CLUSTER,
		    .name = c->name,
		    .allow_empty = c->allow_empty,
		    .namespaces = &c->namespaces,
		    .exclude_namespaces = &c->exclude_namespaces};
	VEC_EACH (&s->terraform.buckets, b)
		*vec_add(out) = (struct shrink_source){.kind = SHRINK_BUCKET,
		    .name = b->s3.bucket,
		    .allow_empty = b->allow_empty};
}

static void add_finding(struct manifest *m, const struct shrink_finding *f)
{
	if (f->partial) {
		autofree char *reason = str_printf("%s; %s", f->text, way_out);
		log_error("missing: %s: %s", f->what, reason);
		manifest_add_missing(m, f->what, reason);
		return;
	}
	autofree char *text = str_printf("%s %s", f->what, f->text);
	log_warn("%s", text);
	manifest_add_warning(m, text);
}

void backup_shrink_add(const struct backup_run *r, struct manifest *m)
{
	const struct manifest *base = snapshot_writer_base(r->snapshot);
	struct shrink_findings findings = VEC_INIT;

	if (!base || r->settings->shrink_none)
		return;
	struct shrink_terms terms = {.warn = r->settings->shrink.warn,
	    .partial = r->settings->shrink.partial,
	    .minimum = r->settings->shrink.minimum,
	    .base = base->label,
	    .accept = r->a->options->accept_shrink,
	    .discovers = discovered_is_wanted(r->settings)};
	add_sources(r->settings, &terms.sources);
	VEC_EACH (&r->organisations.each, o)
		*vec_add(&terms.organisations) = (struct shrink_organisation){
		    .url = o->settings->url, .listed = o->err.code == ERR_NONE};
	shrink_compare(base->sources, m->sources, &terms, &findings);
	VEC_EACH (&findings, f)
		add_finding(m, f);
	shrink_findings_done(&findings);
	vec_done(&terms.sources);
	vec_done(&terms.organisations);
}
