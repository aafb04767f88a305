#include "config/connect_witness.h"

#include "storage/base/str.h"

#include <stdlib.h>

int connect_witness(const struct settings *s, const struct vault *v,
    const struct connect_env *env, struct connect_witness *out, struct err *err)
{
	const struct settings_witness *w = &s->witness;
	const struct http_options o = {.ca_file = w->ca_file,
	    .proxy = w->proxy,
	    .clock = env->clock,
	    .random = env->random,
	    .cancel = env->cancel};

	if (note_key_parse(w->key, &out->key, err)) {
		err->code = ERR_USAGE;
		return err_wrap(err, "%s: witness.key", s->file);
	}
	out->url = w->url;
	out->origin = w->origin ? str_printf("%s/%s", w->origin, v->id)
				: str_printf("backstay/%s/%s", s->name, v->id);
	out->http = http_new(&o, err);
	return out->http ? 0 : err_wrap(err, "witness '%s'", w->url);
}

void connect_witness_log_key(const struct connect_witness *w,
    const struct minisign_key *key, struct buf *out)
{
	struct note_key log;

	note_key_make(
	    w->origin, NOTE_SIGNATURE, minisign_key_public(key)->key, &log);
	note_key_write(&log, out);
}

void connect_witness_done(struct connect_witness *w)
{
	http_free(w->http);
	free(w->origin);
	*w = (struct connect_witness){.http = NULL};
}
