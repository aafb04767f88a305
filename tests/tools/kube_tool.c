/*
 * Reads lists of a cluster as a capture does, checks and cuts them, and throws
 * them away: what is left of the time of a backup is the archive's.
 *
 *     kube_tool [newest] [to FILE] KUBECONFIG LISTS-AT-ONCE PATH...
 *
 * newest: each list as it is when it is asked for, not all at one revision.
 * to: the objects, a line each, into that file.
 */
#include "storage/base/cleanup.h"
#include "storage/base/pool.h"
#include "storage/kube/item.h"
#include "storage/kube/list.h"

#include <stdio.h>
#include <stdlib.h>

struct work {
	struct kube_client *client;
	struct kube_in_flight in_flight;
	struct kube_revision *revision; /* of all lists, or NULL */
	FILE *to;			/* or NULL */
	char **paths;
	int failed;
};

struct one {
	FILE *to;
	struct kube_item item;
	struct buf text;
	size_t bytes;
};

static int on_item(void *ctx, const char *text, size_t len, struct err *err)
{
	struct one *o = ctx;

	if (kube_item_read(&o->item, text, len, NULL, NULL, err))
		return -1;
	buf_clear(&o->text);
	kube_item_write(&o->item, "v1", "Kind", &o->text);
	o->bytes += o->text.len;
	if (o->to)
		fprintf(o->to, "%s", buf_str(&o->text));
	return 0;
}

static int on_restart(void *ctx, struct err *err)
{
	(void)ctx;
	(void)err;
	return 0;
}

static void read_list(void *ctx, size_t i)
{
	struct work *w = ctx;
	struct one one = {.to = w->to};
	struct err err = ERR_INIT;
	struct kube_list_result result = {.resource_version = NULL};
	struct kube_list_options o = {.path = w->paths[i],
	    .caps = {.item_bytes = 16 << 20, .page_bytes = 1 << 30},
	    .clock = clock_system(),
	    .in_flight = &w->in_flight,
	    .revision = w->revision,
	    .on_item = on_item,
	    .on_restart = on_restart,
	    .ctx = &one};

	kube_in_flight_enter(&w->in_flight);
	int failed = kube_list(w->client, &o, &result, &err);
	kube_in_flight_leave(&w->in_flight);
	if (failed) {
		fprintf(stderr, "%s\n", err.message);
		w->failed = 1;
	}
	printf("%s: %llu items, %zu bytes\n", w->paths[i],
	    (unsigned long long)result.items, one.bytes);
	kube_list_result_done(&result);
	kube_item_done(&one.item);
	buf_done(&one.text);
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	struct work w = {.to = NULL};
	struct kube_revision revision;

	kube_revision_init(&revision);
	w.revision = &revision;
	if (argc > 1 && str_eq(argv[1], "newest")) {
		w.revision = NULL;
		argv++;
		argc--;
	}
	if (argc > 2 && str_eq(argv[1], "to")) {
		w.to = fopen(argv[2], "w");
		argv += 2;
		argc -= 2;
	}
	if (argc < 4) {
		fprintf(stderr,
		    "usage: kube_tool [newest] [to FILE] KUBECONFIG LISTS "
		    "PATH...\n");
		return 2;
	}
	const struct kube_access_options from = {.kubeconfig = argv[1]};
	cleanup(kube_access_freep) struct kube_access *access =
	    kube_access_load(&from, &err);
	const struct kube_client_options to = {.access = access};
	cleanup(kube_client_freep) struct kube_client *client =
	    access ? kube_client_new(&to, &err) : NULL;
	if (!client) {
		fprintf(stderr, "%s\n", err.message);
		return 3;
	}
	w.client = client;
	w.paths = argv + 3;
	w.in_flight.most = (size_t)atoi(argv[2]);
	pool_each(w.in_flight.most, (size_t)argc - 3, read_list, &w);
	if (w.to)
		fclose(w.to);
	kube_revision_done(&revision);
	return w.failed ? 3 : 0;
}
