#include "restore/drill/prefix.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"

#include <string.h>

enum { NAME_MAX_LEN = 63, MARK_BYTES = 16 };

static bool is_name(const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	size_t len = strlen(name);

	return len && len <= NAME_MAX_LEN && strchr(plain, name[0]) &&
	       strchr(plain, name[len - 1]) &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] ==
		   '\0';
}

static int check(const char *prefix, const struct strvec *namespaces,
    const char *ns, const char *name, struct err *err)
{
	if (!is_name(name))
		return err_set(err, ERR_USAGE,
		    "--prefix %s: '%s', for the namespace '%s', is no name of "
		    "a namespace: at most %d characters of a-z, 0-9 and '-', "
		    "which begin and end with a letter or digit; take another "
		    "or a shorter prefix",
		    prefix, name, ns, (int)NAME_MAX_LEN);
	if (strvec_has(namespaces, name))
		return err_set(err, ERR_USAGE,
		    "--prefix %s: '%s', for the namespace '%s', is a namespace "
		    "of the snapshot itself; take another prefix",
		    prefix, name, ns);
	return 0;
}

int prefix_names(const char *prefix, const struct strvec *namespaces,
    struct strvec *out, struct err *err)
{
	if (!*prefix)
		return err_set(err, ERR_USAGE,
		    "--prefix is empty: a drill would write into the "
		    "namespaces themselves; take one such as drill-");
	VEC_EACH (namespaces, ns) {
		autofree char *name = str_printf("%s%s", prefix, *ns);

		if (check(prefix, namespaces, *ns, name, err))
			return -1;
		strvec_add(out, name);
	}
	return 0;
}

char *prefix_mark(const char *platform, const char *cluster, const char *prefix)
{
	autofree char *text =
	    str_printf("%s\n%s\n%s", platform, cluster, prefix);
	uint8_t sha256[DIGEST_SHA256_LEN];
	char hex[2 * MARK_BYTES + 1];

	digest_of(DIGEST_SHA256, text, strlen(text), sha256);
	digest_hex(sha256, MARK_BYTES, hex);
	return str_dup(hex);
}
