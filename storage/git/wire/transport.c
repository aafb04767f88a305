#include "storage/git/wire/transport.h"

#include "storage/base/buf.h"

void link_free(struct link *l)
{
	if (l)
		l->ops->release(l);
}

void link_freep(struct link **l)
{
	link_free(*l);
}

int link_greet(struct link *l, link_fn *on_data, void *ctx, struct err *err)
{
	return l->ops->greet(l, on_data, ctx, err);
}

int link_ask(struct link *l, const struct link_body *body, link_fn *on_data,
    void *ctx, struct err *err)
{
	return l->ops->ask(l, body, on_data, ctx, err);
}

char *link_shell_quote(const char *text)
{
	struct buf out = BUF_INIT;

	buf_add_char(&out, '\'');
	for (const char *c = text; *c; c++) {
		if (*c == '\'' || *c == '!')
			buf_printf(&out, "'\\%c'", *c);
		else
			buf_add_char(&out, *c);
	}
	buf_add_char(&out, '\'');
	return buf_steal(&out);
}
