/*
 * The client's side of Git's smart protocol, versions 0, 1 and 2
 * (gitprotocol-pack(5), gitprotocol-v2(5)): lists the refs of a server, gets a
 * pack of what we lack, and (push.h) sends a pack of what it lacks.
 *
 * Not through libgit2, whose client knows only version 0 (and so never learns
 * of an unborn HEAD), has no time limits, and follows redirects, authorities
 * and proxies for a whole process at once.
 */
#ifndef STORAGE_GIT_WIRE_REMOTE_H
#define STORAGE_GIT_WIRE_REMOTE_H

#include "storage/git/wire/access.h"
#include "storage/git/wire/advert.h"
#include "storage/git/wire/location.h"
#include "storage/git/wire/transport.h"

struct remote {
	struct location where;
	struct git_access access; /* with all defaults filled in */
	struct transport *transport;
	struct advert advert;
};

/* Connects to a service ("git-upload-pack", "git-receive-pack") and reads the
 * refs. Not for file paths. The access's strings are borrowed. */
struct remote *remote_open(const char *url, const struct git_access *access,
    const char *service, struct err *err);
void remote_free(struct remote *r); /* takes NULL */
void remote_freep(struct remote **r);

/* Gets a pack of all that is reachable from `wants` and not from `haves`, two
 * rows of ids; on_pack receives it as it arrives. */
int remote_fetch(struct remote *r, const struct git_idvec *wants,
    const struct git_idvec *haves,
    int (*on_pack)(void *ctx, const void *data, size_t len, struct err *err),
    void *ctx, struct err *err);

/* Fills in the defaults of an access: clock, random. */
struct git_access remote_access(const struct git_access *access);

#endif
