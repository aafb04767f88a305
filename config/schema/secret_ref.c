#include "config/schema/secret_ref.h"

#include <stdlib.h>
#include <string.h>

bool secret_ref_is_set(const struct secret_ref *ref)
{
	return ref->file || ref->variable;
}

int secret_ref_read(
    const struct secret_ref *ref, struct secret **out, struct err *err)
{
	*out = NULL;
	if (ref->file) {
		*out = secret_from_file(ref->file, err);
		if (!*out)
			return err_wrap(err, "%s", ref->location);
		if (secret_len(*out))
			return 0;
		secret_free(*out);
		*out = NULL;
		return err_set(err, ERR_USAGE,
		    "%s: '%s' is empty: it is to hold the secret",
		    ref->location, ref->file);
	}
	if (!ref->variable)
		return 0;
	const char *value = getenv(ref->variable);
	if (!value || !*value)
		return err_set(err, ERR_USAGE,
		    "%s: the environment variable %s is not set", ref->location,
		    ref->variable);
	*out = secret_new(value, strlen(value));
	return 0;
}
