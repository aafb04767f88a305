/*
 * report: one page over a vault.
 */
#include "config/cli/listing.h"
#include "config/retention/outlook.h"
#include "restore/command.h"
#include "restore/open.h"
#include "restore/pages/page.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <stdio.h>

struct reporting {
	const struct command *c;
	struct opened opened;
	struct outlook outlook;
	struct retention_zone *zone;
};

static void reporting_done(struct reporting *r)
{
	outlook_done(&r->outlook);
	retention_zone_free(r->zone);
	open_done(&r->opened);
}

/* ---- what retention will do ---------------------------------------------- */

static void add_retention(
    void *ctx, const char *label, struct json_object *snapshot)
{
	const struct reporting *r = ctx;
	const struct retention_item *item = outlook_of(&r->outlook, label);

	if (!item) /* of another name, or everything is kept */
		return;
	struct json_object *retention = json_new_object();
	json_set_str(retention, "outcome", item->keep ? "kept" : "dropped");
	json_set_str(retention, "reason", item->reason);
	json_set(snapshot, "retention", retention);
}

/* As `prune --dry-run` of the agent with this configuration. */
static int look_ahead(struct reporting *r, struct err *err)
{
	const struct settings *s = r->c->settings;
	cleanup(retention_policy_done) struct retention_policy policy =
	    outlook_policy(&s->retention);

	if (!s->has_retention)
		return 0;
	const struct outlook_terms terms = {.vault = r->opened.vault.vault,
	    .name = s->name,
	    .trust = &r->opened.trust,
	    .needed_for_s = outlook_needed_for_s(s),
	    .now = clock_now_ms(r->c->env.clock) / 1000,
	    .reduces = !r->opened.trust.unsigned_allowed};
	if (outlook_gather(&r->outlook, &terms, err) ||
	    retention_plan(r->outlook.items.items, r->outlook.items.len,
		&policy, r->zone, terms.now, err))
		return err_wrap(err, "what retention will do");
	return 0;
}

/* ---- the command --------------------------------------------------------- */

static int report(struct reporting *r, struct err *err)
{
	const struct command *c = r->c;
	const struct settings *s = c->settings;
	struct opened *o = &r->opened;
	cleanup(buf_done) struct buf json = BUF_INIT;

	if (s->has_retention) {
		r->zone = retention_zone_open(s->retention.zone, err);
		if (!r->zone)
			return err_wrap(err, "retention.zone");
	}
	if (open_vault(c, o, err) || look_ahead(r, err))
		return -1;
	const struct listing_options l = {.name = open_name(c),
	    .tags = &c->options->common.only_tags,
	    .last = c->options->common.last,
	    .command = c->name,
	    .json = true,
	    .clock = c->env.clock,
	    .extend = add_retention,
	    .ctx = r};
	int status =
	    listing_print(o->vault.vault, &l, &o->list, &o->trust, &json, err);
	if (status < 0)
		return -1;
	if (c->options->common.output == CLI_OUTPUT_JSON)
		fputs(buf_str(&json), stdout);
	else
		page_print("report", &json);
	return status;
}

int command_report(const struct command *c, struct err *err)
{
	cleanup(reporting_done) struct reporting r = {
	    .c = c, .opened = OPENED_INIT, .outlook = OUTLOOK_INIT};
	int status = report(&r, err);

	return status < 0 ? err_wrap(err, "report") : status;
}
