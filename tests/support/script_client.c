#include "tests/support/script_client.h"

#include <stdlib.h>

void script_client_init(struct script_client *c,
    const struct script_reply *replies, size_t count, int stall_timeout_ms)
{
	struct err err = ERR_INIT;

	*c = (struct script_client){0};
	test_clock_init(&c->clock, 1700000000000);
	test_random_init(&c->random, 7);
	struct http_options o = {.clock = &c->clock.clock,
	    .random = &c->random.random,
	    .cancel = &c->cancel,
	    .stall_timeout_ms = stall_timeout_ms};
	c->http = http_new(&o, &err);
	assert_non_null(c->http);
	c->server = script_server_start(replies, count);
	c->url = script_server_url(c->server, "/a//b/../c?q=secret");
}

void script_client_done(struct script_client *c)
{
	http_free(c->http);
	script_server_stop(c->server);
	free(c->url);
}
