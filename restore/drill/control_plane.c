#include "restore/drill/control_plane.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/crypto/certificate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READY_MS = 300000, POLL_MS = 100, PORTS = 3 };

/* On a slow machine the API server gives up while etcd is not quick enough for
 * it; so it is started again, but for one that ends at once. */
enum { STARTS = 4, AT_ONCE_MS = 3000 };

static const char *const programs[] = {"etcd", "kube-apiserver"};

int control_plane_check(const char *assets, struct err *err)
{
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		autofree char *path = file_join(assets, programs[i]);
		if (access(path, X_OK))
			return err_set(err, ERR_USAGE,
			    "'%s' cannot be run: %s; --control-plane, "
			    "drill.control_plane or KUBEBUILDER_ASSETS must "
			    "name a folder with etcd and kube-apiserver",
			    path, strerror(errno));
	}
	return 0;
}

/* ---- files --------------------------------------------------------------- */

static int put(
    const char *dir, const char *name, const struct buf *text, struct err *err)
{
	autofree char *path = file_join(dir, name);

	return file_write_durably(path, text->data, text->len, err);
}

static int put_pair(const struct certificate_authority *ca, const char *dir,
    const char *name, const struct certificate_subject *subject,
    struct err *err)
{
	cleanup(buf_done) struct buf certificate = BUF_INIT;
	cleanup(buf_wipe) struct buf key = BUF_INIT;
	autofree char *pem = str_printf("%s.pem", name);
	autofree char *key_name = str_printf("%s.key", name);

	return certificate_issue(ca, subject, &certificate, &key, err) ||
		       put(dir, pem, &certificate, err) ||
		       put(dir, key_name, &key, err)
		   ? -1
		   : 0;
}

static int put_certificates(const char *dir, int64_t now, struct err *err)
{
	static const struct certificate_subject server = {
	    .common_name = "backstay drill server", .server = true};
	static const struct certificate_subject admin = {
	    .common_name = "backstay drill", .organization = "system:masters"};
	cleanup(buf_done) struct buf ca_pem = BUF_INIT;
	cleanup(buf_wipe) struct buf accounts = BUF_INIT;
	cleanup(certificate_authority_freep) struct certificate_authority *ca =
	    certificate_authority_new(now, err);

	if (!ca || certificate_authority_pem(ca, &ca_pem, err) ||
	    put(dir, "ca.pem", &ca_pem, err) ||
	    put_pair(ca, dir, "server", &server, err) ||
	    put_pair(ca, dir, "admin", &admin, err) ||
	    certificate_key(&accounts, err) ||
	    put(dir, "accounts.key", &accounts, err))
		return -1;
	return 0;
}

/* The socket is never made: whatever the server would send there fails at
 * once. */
static int put_egress(const char *dir, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	static const char *const selections[] = {"cluster", "controlplane"};

	buf_add_str(&text, "apiVersion: apiserver.k8s.io/v1beta1\n"
			   "kind: EgressSelectorConfiguration\n"
			   "egressSelections:\n");
	for (size_t i = 0; i < sizeof(selections) / sizeof(*selections); i++)
		buf_printf(&text,
		    "- name: %s\n"
		    "  connection:\n"
		    "    proxyProtocol: HTTPConnect\n"
		    "    transport: {uds: {udsName: %s/none}}\n",
		    selections[i], dir);
	return put(dir, "egress.yaml", &text, err);
}

static int put_kubeconfig(const char *dir, uint16_t port, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	buf_printf(&text,
	    "apiVersion: v1\n"
	    "kind: Config\n"
	    "current-context: drill\n"
	    "contexts:\n"
	    "- name: drill\n"
	    "  context: {cluster: drill, user: drill}\n"
	    "clusters:\n"
	    "- name: drill\n"
	    "  cluster:\n"
	    "    server: https://127.0.0.1:%u\n"
	    "    certificate-authority: ca.pem\n"
	    "users:\n"
	    "- name: drill\n"
	    "  user:\n"
	    "    client-certificate: admin.pem\n"
	    "    client-key: admin.key\n",
	    port);
	return put(dir, "kubeconfig", &text, err);
}

/* ---- ports --------------------------------------------------------------- */

/* All are open at once, so that they differ; they are closed before the
 * programs take them. */
static int find_ports(uint16_t ports[PORTS], struct err *err)
{
	int sockets[PORTS] = {-1, -1, -1};
	int failed = 0;

	for (int i = 0; i < PORTS && !failed; i++) {
		struct sockaddr_in at = {.sin_family = AF_INET,
		    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		socklen_t len = sizeof(at);
		sockets[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		failed = sockets[i] < 0 ||
			 bind(sockets[i], (struct sockaddr *)&at, sizeof(at)) ||
			 getsockname(sockets[i], (struct sockaddr *)&at, &len);
		if (failed)
			err_system(err, errno, "finding a free port");
		ports[i] = ntohs(at.sin_port);
	}
	for (int i = 0; i < PORTS; i++)
		if (sockets[i] >= 0)
			close(sockets[i]);
	return failed ? -1 : 0;
}

/* ---- arguments ----------------------------------------------------------- */

static void add_program(
    struct strvec *args, const char *assets, const char *name)
{
	autofree char *path = file_join(assets, name);

	strvec_add(args, path);
}

/* One option, without the dashes before it. */
static void add(struct strvec *args, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void add(struct strvec *args, const char *fmt, ...)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	va_list list;

	buf_add_str(&text, "--");
	va_start(list, fmt);
	buf_vprintf(&text, fmt, list);
	va_end(list);
	strvec_add(args, buf_str(&text));
}

static void add_etcd(struct control_plane *p, unsigned client, unsigned peer)
{
	struct strvec *a = &p->etcd_args;

	add_program(a, p->assets, "etcd");
	add(a, "name=drill");
	add(a, "data-dir=%s/etcd", p->dir);
	add(a, "logger=zap");
	add(a, "log-level=error");
	add(a, "listen-client-urls=https://127.0.0.1:%u", client);
	add(a, "advertise-client-urls=https://127.0.0.1:%u", client);
	add(a, "listen-peer-urls=https://127.0.0.1:%u", peer);
	add(a, "initial-advertise-peer-urls=https://127.0.0.1:%u", peer);
	add(a, "initial-cluster=drill=https://127.0.0.1:%u", peer);
	add(a, "quota-backend-bytes=8589934592");
	add(a, "cert-file=server.pem");
	add(a, "key-file=server.key");
	add(a, "client-cert-auth=true");
	add(a, "trusted-ca-file=ca.pem");
	add(a, "peer-cert-file=server.pem");
	add(a, "peer-key-file=server.key");
	add(a, "peer-client-cert-auth=true");
	add(a, "peer-trusted-ca-file=ca.pem");
}

/* Nothing that admits: webhooks would be asked, accounts and quotas need a
 * controller that nobody runs here. */
#define NOT_ADMITTING                                                          \
	"MutatingAdmissionWebhook,ValidatingAdmissionWebhook,ServiceAccount,"  \
	"ResourceQuota"

static void add_api(struct control_plane *p, unsigned etcd, unsigned port)
{
	struct strvec *a = &p->api_args;

	add_program(a, p->assets, "kube-apiserver");
	add(a, "etcd-servers=https://127.0.0.1:%u", etcd);
	add(a, "etcd-cafile=ca.pem");
	add(a, "etcd-certfile=admin.pem");
	add(a, "etcd-keyfile=admin.key");
	add(a, "bind-address=127.0.0.1");
	add(a, "advertise-address=127.0.0.1");
	add(a, "endpoint-reconciler-type=none");
	add(a, "secure-port=%u", port);
	add(a, "tls-cert-file=server.pem");
	add(a, "tls-private-key-file=server.key");
	add(a, "cert-dir=%s", p->dir);
	add(a, "client-ca-file=ca.pem");
	add(a, "anonymous-auth=false");
	add(a, "authorization-mode=RBAC");
	add(a, "disable-admission-plugins=" NOT_ADMITTING);
	add(a, "egress-selector-config-file=egress.yaml");
	add(a, "service-account-issuer=https://kubernetes.default.svc");
	add(a, "service-account-key-file=accounts.key");
	add(a, "service-account-signing-key-file=accounts.key");
	add(a, "service-cluster-ip-range=10.96.0.0/12");
	add(a, "allow-privileged=true");
	add(a, "profiling=false");
}

/* ---- start and end ------------------------------------------------------- */

static int start_api(
    struct control_plane *p, const struct connect_env *env, struct err *err)
{
	child_done(&p->api);
	p->api_began = clock_ticks_ms(env->clock);
	p->api_starts++;
	return child_start(
	    &p->api, &p->api_args, p->dir, "kube-apiserver", err);
}

int control_plane_start(struct control_plane *p, const char *assets,
    const char *dir, const struct connect_env *env, struct err *err)
{
	uint16_t ports[PORTS];

	*p = (struct control_plane){
	    .dir = str_dup(dir), .assets = str_dup(assets)};
	if (control_plane_check(assets, err) || file_mkdirs(dir, err) ||
	    put_certificates(dir, clock_now_ms(env->clock) / 1000, err) ||
	    put_egress(dir, err) || find_ports(ports, err) ||
	    put_kubeconfig(dir, ports[2], err))
		return -1;
	p->kubeconfig = file_join(dir, "kubeconfig");
	add_etcd(p, ports[0], ports[1]);
	add_api(p, ports[0], ports[2]);
	if (child_start(&p->etcd, &p->etcd_args, dir, "etcd", err) ||
	    start_api(p, env, err))
		return err_wrap(err, "starting a control plane");
	return 0;
}

static int complain(const char *what, const struct child *c, struct err *err)
{
	cleanup(buf_done) struct buf line = BUF_INIT;

	child_last_line(c, &line);
	return err_set(err, ERR_SYSTEM, "%s; it printed last: %s", what,
	    line.len ? buf_str(&line) : "nothing");
}

bool control_plane_runs(struct control_plane *p)
{
	return child_runs(&p->etcd) && child_runs(&p->api);
}

int control_plane_ended(struct control_plane *p, struct err *err)
{
	return child_runs(&p->etcd)
		   ? complain("kube-apiserver has ended", &p->api, err)
		   : complain("etcd has ended", &p->etcd, err);
}

/* The certificate of the server is ours: whoever else listens there is not
 * taken for it. */
static int ask(struct kube_client *client, struct err *err)
{
	const struct kube_request r = {
	    .path = "/readyz", .accept = "*/*", .max_attempts = 1};
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;

	return kube_client_send(client, &r, &answer, err);
}

/* 0: go on waiting. */
static int go_on(struct control_plane *p, const struct connect_env *env,
    int64_t until, struct err *err)
{
	int64_t now = clock_ticks_ms(env->clock);

	if (cancel_check(env->cancel, err))
		return -1;
	if (now >= until)
		return complain(
		    "kube-apiserver is not ready in time", &p->api, err);
	if (control_plane_runs(p)) {
		clock_sleep_ms(env->clock, POLL_MS);
		return 0;
	}
	if (!child_runs(&p->etcd) || p->api_starts >= STARTS ||
	    now - p->api_began < AT_ONCE_MS)
		return control_plane_ended(p, err);
	return start_api(p, env, err);
}

int control_plane_wait(
    struct control_plane *p, const struct connect_env *env, struct err *err)
{
	const struct settings_cluster_access access = {
	    .kubeconfig = p->kubeconfig};
	cleanup(connect_kube_done) struct connect_kube kube = {.client = NULL};
	int64_t until = clock_ticks_ms(env->clock) + READY_MS;
	struct err why = ERR_INIT;

	if (connect_kube(&access, KUBE_GZIP_OFF, env, &kube, err))
		return -1;
	while (ask(kube.client, &why)) {
		if (go_on(p, env, until, err))
			return err_wrap(err,
			    "the control plane of the drill does not start");
		why = (struct err)ERR_INIT;
	}
	p->version = kube_discovery_version(kube.client, err);
	return p->version ? 0 : -1;
}

void control_plane_done(struct control_plane *p)
{
	child_done(&p->api);
	child_done(&p->etcd);
	strvec_done(&p->etcd_args);
	strvec_done(&p->api_args);
	free(p->kubeconfig);
	free(p->version);
	free(p->dir);
	free(p->assets);
	*p = (struct control_plane){.dir = NULL};
}
