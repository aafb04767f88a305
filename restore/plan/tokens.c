#include "restore/plan/tokens.h"

#include "restore/plan/names.h"
#include "storage/base/cleanup.h"
#include "storage/base/index.h"

#include <stdlib.h>
#include <string.h>

static bool is_there(const struct pending *w, const char *key)
{
	return index_first(w->p->names, key) != INDEX_END;
}

/* ACCOUNT-token-XXXXX, as the controller named them: the account, or NULL. */
static char *account_of(const char *name)
{
	enum { RANDOM = 5 };
	static const char mark[] = "-token-";
	const size_t end = strlen(mark) + RANDOM;
	size_t len = strlen(name);

	if (len <= end || strncmp(name + len - end, mark, strlen(mark)) != 0 ||
	    strspn(name + len - RANDOM, "bcdfghjklmnpqrstvwxz2456789") !=
		RANDOM)
		return NULL;
	return str_ndup(name, len - end);
}

static bool has_account(const struct pending *w, uint16_t cluster,
    const char *ns, const char *account)
{
	cleanup(buf_done) struct buf key = BUF_INIT;

	names_add(&key, cluster, "", "ServiceAccount", ns, account);
	/* Each namespace has that one. */
	return str_eq(account, "default") || is_there(w, buf_str(&key));
}

static void warn(struct pending *w, const struct plan_node *n, const char *ns,
    const char *secret, const char *account)
{
	cleanup(buf_done) struct buf what = BUF_INIT;

	names_describe(w->p, n, &what);
	*vec_add(&w->p->warnings) = str_printf(
	    "%s names the Secret %s/%s, a token that the control plane made, "
	    "and no server makes one by that name again: make it by hand, of "
	    "the type kubernetes.io/service-account-token with the annotation "
	    "kubernetes.io/service-account.name: %s, or let it use a token of "
	    "its own",
	    buf_str(&what), ns, secret, account);
}

void tokens_warn(struct pending *w)
{
	static const char kind[] = ":/Secret:"; /* of the core group */
	cleanup(strvec_done) struct strvec known = VEC_INIT;

	VEC_EACH (&w->references, pending) {
		const char *key = pending_text(w, pending->key);
		const struct plan_node *n = &w->p->nodes.items[pending->node];
		const char *ns = strstr(key, kind);
		const char *slash = ns ? strrchr(ns, '/') : NULL;
		autofree char *account = slash ? account_of(slash + 1) : NULL;

		/* Accounts list them, and the server put them into pods: both
		 * is taken out of what is restored. */
		if (!account || n->kind != PLAN_KUBE ||
		    n->action != PLAN_APPLY ||
		    str_eq(n->k->kind, "ServiceAccount") ||
		    str_eq(n->k->kind, "Pod") || is_there(w, key) ||
		    strvec_has(&known, key))
			continue;
		ns += strlen(kind);
		autofree char *namespace = str_ndup(ns, (size_t)(slash - ns));
		if (!has_account(w, n->cluster, namespace, account))
			continue;
		strvec_add(&known, key);
		warn(w, n, namespace, slash + 1, account);
	}
}
