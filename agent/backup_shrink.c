#include "agent/backup.h"

#include "agent/shrink.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
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

/* What the shards found in organisations and clusters is no more in the
 * settings of the run that seals it. */
static void add_captured(const struct manifest *m, const char *kind,
    const char *list, const char *name, enum shrink_kind as,
    struct shrink_sources *out)
{
	for (size_t i = 0; i < json_len(m->sources); i++) {
		const struct json_object *source = json_at(m->sources, i);
		const struct json_object *all = json_get(source, list);
		if (!str_eq(json_get_str(source, "kind"), kind))
			continue;
		for (size_t k = 0; k < json_len(all); k++) {
			const char *one = json_get_str(json_at(all, k), name);
			bool known = !one;
			for (size_t s = 0; !known && s < out->len; s++)
				known = out->items[s].kind == as &&
					str_eq(out->items[s].name, one);
			if (!known)
				*vec_add(out) = (struct shrink_source){
				    .kind = as, .name = one};
		}
	}
}

static bool was_listed(const struct manifest *m, const char *url)
{
	autofree char *what =
	    str_printf("repositories of organisation '%s'", url);

	for (size_t i = 0; i < json_len(m->missing); i++)
		if (str_eq(json_get_str(json_at(m->missing, i), "what"), what))
			return false;
	return true;
}

static void add_sealed(const struct backup_run *r, const struct manifest *m,
    struct shrink_terms *terms)
{
	add_captured(m, "git", "repositories", "name", SHRINK_REPOSITORY,
	    &terms->sources);
	add_captured(m, "terraform", "buckets", "bucket", SHRINK_BUCKET,
	    &terms->sources);
	VEC_EACH (&r->settings->git.organisations, o)
		*vec_add(&terms->organisations) = (struct shrink_organisation){
		    .url = o->url, .listed = was_listed(m, o->url)};
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
	const struct manifest *base =
	    r->snapshot ? snapshot_writer_base(r->snapshot) : NULL;
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
	if (r->shard)
		add_sealed(r, m, &terms);
	shrink_compare(base->sources, m->sources, &terms, &findings);
	VEC_EACH (&findings, f)
		add_finding(m, f);
	shrink_findings_done(&findings);
	vec_done(&terms.sources);
	vec_done(&terms.organisations);
}
