#include "restore/program.h"

#include "config/cli/cli_completion.h"
#include "restore/command.h"

/* Each command gets what it works with in a struct of this program. */
#define RUN(COMMAND)                                                           \
	static int run_##COMMAND(const struct cli_run *r, struct err *err)     \
	{                                                                      \
		const struct command c = command_of(r);                        \
		return command_##COMMAND(&c, err);                             \
	}

static struct command command_of(const struct cli_run *r)
{
	return (struct command){
	    .name = r->command,
	    .options = r->options,
	    .settings = r->settings,
	    .which = r->operands->len ? r->operands->items[0] : NULL,
	    .argument = r->operands->len > 1 ? r->operands->items[1] : NULL,
	    .env = *r->env,
	    .watch = r->watch,
	};
}

RUN(list)
RUN(report)
RUN(check)
RUN(rules)
RUN(show)
RUN(ls)
RUN(cat)
RUN(find)
RUN(diff)
RUN(drift)
RUN(history)
RUN(verify)
RUN(drill)
RUN(extract)
RUN(plan)
RUN(apply)
RUN(heal)
RUN(status)
RUN(release)
RUN(unlock)
RUN(copy)
RUN(head)
RUN(keygen)

#define FLAG(NAME, MEMBER, HELP)                                               \
	CLI_OPTION_FLAG(struct restore_options, NAME, MEMBER, HELP)
#define TEXT(NAME, MEMBER, ARGUMENT, HELP)                                     \
	CLI_OPTION_TEXT(struct restore_options, NAME, MEMBER, ARGUMENT, HELP)
#define TEXTS(NAME, MEMBER, ARGUMENT, HELP)                                    \
	CLI_OPTION_TEXTS(struct restore_options, NAME, MEMBER, ARGUMENT, HELP)
#define VAULT                                                                  \
	CLI_OPTION_VAULT(                                                      \
	    "The vault to read. Default: the first of the configuration.")

#define CHAIN                                                                  \
	TEXT("head", head, "FILE",                                             \
	    "Hold the vault against this head, as the command head printed "   \
	    "it, instead of the one in state_dir."),                           \
	    TEXTS("accept", accept,                                            \
		"delete|replay|truncate|fork|freeze|mix|back-date|flood",      \
		"Go on although the chain of the vault shows this. May be "    \
		"repeated.")

#define VALUES                                                                 \
	FLAG("values", values,                                                 \
	    "Show the values of outputs and attributes of states, too, but "   \
	    "for sensitive ones.")

static const struct cli_option rules_options[] = {
    FLAG("markdown", markdown,
	"Print them as tables in Markdown, a system each."),
    CLI_OPTION_END};

static const struct cli_option show_options[] = {VAULT, CLI_OPTION_END};

static const struct cli_option check_options[] = {VAULT,
    FLAG("plan", plan,
	"Also read the whole snapshot, make the plan of its restore without "
	"asking any target, and show the warnings of the plan: among them what "
	"needs something of a later layer."),
    CLI_OPTION_END};

static const struct cli_option diff_options[] = {VAULT, VALUES,
    CLI_OPTION_OUTPUT("table|json|html",
	"How the result is printed: html is one page that needs no network."),
    CLI_OPTION_END};

static const struct cli_option report_options[] = {
    CLI_OPTION_VAULT("The vault to report on. Default: the first of the "
		     "configuration."),
    CLI_OPTION_FLAG(struct cli_common, "all-names", all_names,
	"Report on the snapshots of other agents in the same vault, too."),
    CLI_OPTION_TEXTS(struct cli_common, "tag", only_tags, "TAG",
	"Report only on the snapshots that have the tag. Of several, one is "
	"enough."),
    CLI_OPTION_TEXT(struct cli_common, "last", last, "COUNT",
	"Report only on the newest ones, as many as that."),
    CLI_OPTION_OUTPUT("html|json",
	"How the report is printed: html is one page that needs no network."),
    CLI_OPTION_END};

static const struct cli_option verify_options[] = {VAULT,
    FLAG("quick", quick,
	"Check the signature and the digest of the archive only; needs no "
	"private key."),
    TEXT("sample", sample, "PERCENT",
	"Check the content of only this percentage of the repositories, states "
	"and objects. The digest of every entry is still checked."),
    FLAG("chain", chain,
	"Also check that no snapshot of the vault is missing or was "
	"replaced, and that the newest snapshot seen by the last such check is "
	"still there."),
    CHAIN, CLI_OPTION_END};

static const struct cli_option extract_options[] = {VAULT,
    TEXT("to", to, "DIR", "A new or empty directory. Required."),
    TEXTS("only", only, "THING",
	"Unpack only this, and read only what is needed for it: a thing or a "
	"path, as ls takes them. May be repeated."),
    CHAIN, CLI_OPTION_END};

static const struct cli_option ls_options[] = {VAULT, CLI_OPTION_END};

static const struct cli_option find_options[] = {VAULT,
    CLI_OPTION_FLAG(struct cli_common, "all-names", all_names,
	"Look into the snapshots of other agents in the same vault, too."),
    CLI_OPTION_END};

static const struct cli_option history_options[] = {VAULT, VALUES,
    CLI_OPTION_FLAG(struct cli_common, "all-names", all_names,
	"Look into the snapshots of other agents in the same vault, too."),
    CLI_OPTION_END};

static const struct cli_option drift_options[] = {VAULT, VALUES,
    TEXTS("only", only, "THING",
	"Compare only this: a thing or a path, as ls takes them. A source of "
	"which nothing is meant is not asked. May be repeated."),
    CLI_OPTION_END};

static const struct cli_option drill_options[] = {VAULT, CHAIN,
    TEXT("control-plane", control_plane, "DIR",
	"A folder with etcd and kube-apiserver, of any version to be "
	"rehearsed. Default: drill.control_plane of the configuration, or "
	"$KUBEBUILDER_ASSETS."),
    FLAG("server", server,
	"Send cluster objects as dry runs to the API servers of "
	"drill.clusters. No record is kept of that."),
    TEXT("prefix", prefix, "PREFIX",
	"Restore into new namespaces of the API servers of drill.clusters, "
	"which have this before their names: what is inert there is made, and "
	"everything else sent as a dry run."),
    FLAG("same-cluster", same_cluster,
	"With --prefix: allow an API server that is a source or a target of a "
	"restore."),
    FLAG("terraform", terraform,
	"Let terraform, or else tofu, of PATH list each state: it must accept "
	"it. One that is encrypted is not asked about."),
    TEXTS("only", only, "KIND[:NAME]",
	"Rehearse only this part, as apply takes it. No record is kept of "
	"that. May be repeated."),
    FLAG("without-clusters", without_clusters,
	"Rehearse repositories and states alone. No record is kept of that."),
    CLI_OPTION_OUTPUT("table|json|html",
	"How the result is printed: html is one page that needs no network."),
    FLAG("all", all_nodes,
	"List every step in the report, not only those that need attention."),
    CLI_OPTION_END};

static const struct cli_option cat_options[] = {VAULT,
    FLAG("raw", raw,
	"Print a cluster object as it was captured: the JSON text of the "
	"archive, with status and all that the server owns."),
    CLI_OPTION_END};

static const struct cli_option head_options[] = {VAULT, CHAIN, CLI_OPTION_END};

static const struct cli_option copy_options[] = {VAULT,
    TEXT("to", to, "VAULT", "A vault of the configuration. Required."),
    CLI_OPTION_END};

static const struct cli_option keygen_options[] = {
    TEXT("to", to, "DIR",
	"The directory for the files, created if it is missing. Default: the "
	"current directory."),
    FLAG("post-quantum", post_quantum,
	"Make the age key one that stays safe from quantum computers "
	"(age1pq1..., which age 1.3 reads): with OpenSSL 3.5 or later."),
    CLI_OPTION_END};

/* What plan and apply share: they must mean the same. */
#define PLAN_OPTIONS                                                           \
	VAULT, CHAIN,                                                          \
	    TEXTS("only", only, "KIND[:NAME]",                                 \
		"Restore only this part: git, terraform or kubernetes, or "    \
		"one repository, bucket, state (BUCKET/KEY, or "               \
		"BUCKET/PREFIX/), cluster (CLUSTER/), namespace (in all "      \
		"clusters, or CLUSTER/NAMESPACE) or object "                   \
		"([CLUSTER/]NAMESPACE/KIND/NAME, with an empty NAMESPACE for " \
		"what no namespace holds) of it, with the definitions of its " \
		"kinds and the namespace of an object if they are missing; "   \
		"or layer:NAME, one layer of the configuration. A cluster "    \
		"that no part names is not contacted. May be repeated."),      \
	    TEXT("existing", existing, "skip|update|recreate",                 \
		"What to do with cluster objects that exist already: skip "    \
		"keeps them as they are; update writes the fields of the "     \
		"snapshot over them and keeps what others added; recreate "    \
		"deletes them and creates them again, except namespaces, "     \
		"definitions and volumes, which it updates. Default: "         \
		"restore.existing of the configuration, "                      \
		"skip."),                                                      \
	    FLAG("take-fields", take_fields,                                   \
		"Take the fields of cluster objects that others own. What is " \
		"written belongs afterwards to the field managers that it "    \
		"had in the snapshot. Default: restore.take_fields of the "    \
		"configuration."),                                             \
	    FLAG("overwrite-state", overwrite_state,                           \
		"Write over states that have a newer serial, the same serial " \
		"with other content, or another lineage. "                     \
		"Default: restore.overwrite_state of the configuration."),     \
	    FLAG("overwrite-refs", overwrite_refs,                             \
		"Write over repositories that hold other refs. "               \
		"Default: restore.overwrite_refs of the configuration."),      \
	    FLAG("force", force, NULL),                                        \
	    FLAG("prune", prune,                                               \
		"Delete what is not in the snapshot: refs, and cluster "       \
		"objects of the chosen namespaces and kinds. They are shown "  \
		"first."),                                                     \
	    TEXTS("prune-namespace", prune_namespaces, "NAMESPACE",            \
		"A namespace in which --prune may delete objects. Default: "   \
		"restore.prune_namespaces of the configuration."),             \
	    TEXTS("prune-kind", prune_kinds, "KIND",                           \
		"A kind that --prune may delete, such as Secret or "           \
		"Deployment.apps. Default: restore.prune_kinds of the "        \
		"configuration."),                                             \
	    FLAG("status", status,                                             \
		"Restore the status of all objects, not only of kinds that "   \
		"need it, and also of objects that --existing update writes "  \
		"to."),                                                        \
	    FLAG("derived", derived,                                           \
		"Also restore objects that a controller creates by itself: "   \
		"Secrets of an ExternalSecret, machines, reports."),           \
	    FLAG("include-finished", finished,                                 \
		"Also restore objects that have finished, such as Jobs and "   \
		"pipeline runs; their controllers may run them again."),       \
	    FLAG("same-cluster", same_cluster,                                 \
		"Allow a restore into the cluster that the snapshot was "      \
		"taken from. It is recognised by the UIDs of kube-system and " \
		"of the snapshot's namespaces, and refused without this "      \
		"option, as is one of which neither may be read."),            \
	    FLAG("hold", hold,                                                 \
		"Leave GitOps controllers paused until `release`.")

static const struct cli_option plan_options[] = {PLAN_OPTIONS,
    CLI_OPTION_OUTPUT("table|json|html|dot",
	"How the plan is printed: html is one page that needs no network, and "
	"dot a graph for Graphviz."),
    FLAG("server", server,
	"Send every object to the API server as a dry run, and compare the "
	"repositories and buckets with the snapshot. Nothing is written. An "
	"object whose namespace does not exist yet is checked as one of the "
	"namespace default: what is refused there as invalid, and which fields "
	"are dropped, is listed; the others remain unchecked."),
    FLAG("offline", offline, "Do not ask any cluster what exists there."),
    FLAG("all", all_nodes, "With --server: also list what would succeed."),
    CLI_OPTION_END};

static const struct cli_option apply_options[] = {PLAN_OPTIONS,
    FLAG("yes", yes,
	"Do not ask for confirmation. Required where there is no terminal."),
    TEXTS("approve", approve, "LAYER",
	"Restore this manual layer without asking. Without it and without a "
	"terminal, the run ends before the layer with exit status 6, and "
	"--resume goes on there. May be repeated."),
    FLAG("resume", resume,
	"Go on where an earlier apply of this snapshot stopped, also one on "
	"another machine, if the marker of the restore is in a cluster. What "
	"succeeded is checked again: what is still there is not repeated, "
	"and what is gone is made anew."),
    FLAG("all", all_nodes,
	"List every step in the report, not only those "
	"that need attention."),
    CLI_OPTION_END};

static const struct cli_option heal_options[] = {VAULT, CHAIN,
    TEXTS("approve", approve, "LAYER",
	"Restore this manual layer. Without it the run ends before the layer "
	"with exit status 6, and the next one goes on there. May be "
	"repeated."),
    FLAG("all", all_nodes,
	"List every step in the report, not only those that need attention."),
    CLI_OPTION_END};

static const struct cli_option status_options[] = {CLI_OPTION_END};

static const struct cli_option release_options[] = {VAULT,
    FLAG("all", all_nodes, "List every step in the report."), CLI_OPTION_END};

static const struct cli_option unlock_options[] = {VAULT,
    FLAG("yes", yes, "Remove the lock. Without it, the holder is only shown."),
    CLI_OPTION_END};

#define SNAPSHOT_TEXT "SNAPSHOT is a label, a unique prefix of one, or latest."
#define THING_TEXT                                                             \
	"A thing is git:REPOSITORY, terraform:BUCKET/KEY or "                  \
	"kubernetes:[CLUSTER/]NAMESPACE/KIND/NAME, where NAMESPACE is empty "  \
	"for what no namespace holds, and each part may be a pattern (* ? "    \
	"[...]); also git, terraform or kubernetes alone, terraform:BUCKET, "  \
	"kubernetes:CLUSTER/ and kubernetes:NAMESPACE."

static const struct cli_command commands[] = {CLI_COMMAND_LIST(run_list),
    {.name = "check",
	.operands = "[SNAPSHOT]",
	.max_operands = 1,
	.summary = "try whether a restore could begin",
	.description =
	    "Reads the configuration and its keys, lists each vault, opens the "
	    "index of a snapshot (default: latest), and asks each target that "
	    "the snapshot names: a repository whether it can be pushed to, a "
	    "bucket and its lock table whether they answer, a cluster whether "
	    "the account may list, create and patch what was captured. An API "
	    "server of drill.clusters is asked the same; that it is a source "
	    "or "
	    "a target, or that the account lacks what only drill --prefix "
	    "needs, is a warning. A witness is asked for what it co-signed "
	    "last "
	    "of each vault. Prints a line for each; the exit status is 1 if a "
	    "check failed. Nothing is written.\n\nOf layers it shows how much "
	    "of the snapshot each "
	    "selects and what is in none, and warns of patterns that select "
	    "nothing and of what two layers select; a warning leaves the exit "
	    "status at 0. It goes by the index, in which there are no labels: "
	    "what they decide is counted apart; --plan reads them, too."
	    "\n\nTo read all of a snapshot, "
	    "use verify; to see what a "
	    "restore would do, plan --server.\n\n" SNAPSHOT_TEXT,
	.options = check_options,
	.run = run_check},
    {.name = "report",
	.operands = "",
	.summary = "print a page over a vault",
	.description =
	    "Reads what list reads, and prints it as a page for a browser: a "
	    "time line of the snapshots by status and size, how long each "
	    "took, when it was last verified and drilled and with what "
	    "result, and first of all what needs attention. Where the "
	    "configuration has retention, also what the next prune keeps and "
	    "drops of the snapshots of its name, and why; what the store "
	    "itself protects stays all the same. The exit status is 5 if a "
	    "manifest does not hold.\n\n"
	    "With -o json the document of list, in which each snapshot may "
	    "have retention: {outcome: kept or dropped, reason}.",
	.options = report_options,
	.run = run_report},
    {.name = "show",
	.operands = "SNAPSHOT",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "show what a snapshot holds",
	.description =
	    "Shows the manifest: when it was taken and by whom, what each "
	    "source gave, from when to when it was read (so that the skew "
	    "between Git, state and clusters is seen), at which revision each "
	    "cluster was read, which objects were read at another one, and "
	    "what is missing. With -o json the members of the manifest, and "
	    "what is recorded of the snapshot, as list has it: verified, "
	    "drill, hearsay and records_removed.\n\n" SNAPSHOT_TEXT,
	.options = show_options,
	.run = run_show},
    {.name = "ls",
	.operands = "SNAPSHOT [PATTERN]",
	.min_operands = 1,
	.max_operands = 2,
	.summary = "list what is in a snapshot",
	.description =
	    "Lists the entries: size, kind, namespace, name and path; with -o "
	    "json also the source, the SHA-256 (of a Secret a keyed digest, "
	    "which is another in each run, since a password could be guessed "
	    "by a plain one), and the thing that the entry is or belongs to. "
	    "Only the index is read, which is held against "
	    "the signed manifest; not the archive. A snapshot that was written "
	    "without an index is read as a whole, and a line says "
	    "so.\n\nPATTERN is a thing, or a path in the archive: one with * ? "
	    "[...], of which * takes slashes too, or a folder, or, without a "
	    "slash, a part of a path. " THING_TEXT "\n\n" SNAPSHOT_TEXT,
	.options = ls_options,
	.run = run_ls},
    {.name = "find",
	.operands = "PATTERN",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "list in which snapshots of a vault something is",
	.description =
	    "Does what ls does for every snapshot of the vault, oldest first. "
	    "With -o json each entry has its digest, which differs where the "
	    "versions do. A snapshot whose manifest or index does not hold is "
	    "named, and the others are still searched; the exit status is then "
	    "5.\n\nPATTERN is as for ls.",
	.options = find_options,
	.run = run_find},
    {.name = "cat",
	.operands = "SNAPSHOT THING",
	.min_operands = 2,
	.max_operands = 2,
	.summary = "print one thing of a snapshot",
	.description =
	    "Prints a cluster object as YAML (with -o json as JSON) without "
	    "what the server owns, so that it can be applied; the bytes of a "
	    "state; or the refs of a repository. Only what holds it is read "
	    "from the archive, and nothing is printed before its digest was "
	    "checked. Secrets are printed as they are.\n\n"
	    "THING may also be the path that ls shows. " THING_TEXT
	    "\n\n" SNAPSHOT_TEXT,
	.options = cat_options,
	.run = run_cat},
    {.name = "diff",
	.operands = "SNAPSHOT SNAPSHOT",
	.min_operands = 2,
	.max_operands = 2,
	.summary = "show what differs between two snapshots",
	.description =
	    "Compares the second snapshot with the first: cluster objects "
	    "field by field, Terraform state by serial, lineage, outputs and "
	    "the addresses of resources, repositories by their refs (new, "
	    "gone, "
	    "ahead or behind by so many commits, rewritten). Each "
	    "difference names the command that restores the version of the "
	    "first (of what was added, of the second). What the server or a "
	    "controller owns, status, and the order of members and of lists "
	    "that are keyed by name, or by what the schema of their kind says "
	    "(the definition in the snapshot, what is known of Kubernetes, "
	    "and for drift the OpenAPI of the cluster), are not differences; "
	    "objects that a restore leaves out are only counted. Values of "
	    "Secrets are never shown, "
	    "and those of states only with --values: never where the state "
	    "marks them as sensitive, or their names speak of a secret; and "
	    "where a state does not mark what is sensitive, as one of format "
	    "3, a note says so. Only the indexes and what differs are read. "
	    "The exit status is 1 if there are differences."
	    "\n\n" SNAPSHOT_TEXT,
	.options = diff_options,
	.run = run_diff},
    {.name = "drift",
	.operands = "[SNAPSHOT]",
	.max_operands = 1,
	.summary = "show what differs between a snapshot and what lives",
	.description =
	    "Reads the sources of the configuration as a backup would, with "
	    "the same rights, writes nothing, and compares them with the "
	    "snapshot (default: latest) as diff does: objects field by field, "
	    "states by serial, lineage, outputs and resources, repositories "
	    "by their refs. Of a repository whose refs moved the history is "
	    "fetched. Each difference names the command that restores the "
	    "version of the snapshot; what was added is in no snapshot. "
	    "Of an object that has more fields than in the snapshot it says "
	    "that an update leaves those of others, which only --existing "
	    "recreate takes away. "
	    "What could not be read is listed as not compared. Objects of "
	    "cluster scope that a backup takes only where something refers to "
	    "them are added only if they were made since the snapshot.\n\n"
	    "The exit status is 0 if nothing differs, and 1 if something does "
	    "or could not be compared. The metrics "
	    "backstay_drift_differences and backstay_drift_not_compared have "
	    "the numbers by source.\n\n" THING_TEXT "\n\n" SNAPSHOT_TEXT,
	.options = drift_options,
	.watched = true,
	.run = run_drift},
    {.name = "history",
	.operands = "THING",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "show how one thing changed from snapshot to snapshot",
	.description =
	    "Prints each version of an object, a state, a repository or one "
	    "of its refs (git:REPOSITORY/refs/heads/BRANCH) with the snapshot, "
	    "its time, what changed, and the command that restores it. A "
	    "snapshot that does not have another version is not "
	    "listed.\n\n" THING_TEXT,
	.options = history_options,
	.run = run_history},
    {.name = "verify",
	.operands = "SNAPSHOT",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "prove that a snapshot can be restored",
	.description =
	    "Checks the signature of the manifest, the digest of the archive, "
	    "each entry against CONTENTS.json, every object reachable from "
	    "every ref of each repository, and that every state and cluster "
	    "object is valid. If the signature of the manifest is valid, the "
	    "result is recorded beside it, signed with "
	    "signing.record_key_file. Without that key the record is unsigned: "
	    "list shows it as hearsay, and prune ignores it. The exit status "
	    "is 5 if anything is wrong.\n\n" SNAPSHOT_TEXT,
	.options = verify_options,
	.watched = true,
	.run = run_verify},
    {.name = "drill",
	.operands = "[SNAPSHOT]",
	.max_operands = 1,
	.summary = "rehearse a restore, measure it, and record the result",
	.description =
	    "Restores the whole snapshot (default: latest) into a place of its "
	    "own and proves it. Repositories go into new bare ones: every ref "
	    "must be there, and every object that a ref needs. States go into "
	    "a folder, where they must read as state, with the serial and the "
	    "lineage of the snapshot. Cluster objects go into a control plane "
	    "that is started for the drill from a folder with etcd and "
	    "kube-apiserver, one for each cluster: on the loopback interface, "
	    "with certificates of its own and without a way out. They are "
	    "restored as apply restores them, and then compared with the "
	    "snapshot as drift compares a cluster. Without --server or "
	    "--prefix nothing of the sources and targets of the configuration "
	    "is contacted; "
	    "restore.targets, namespaces, images, storage_classes and "
	    "transforms do not apply. "
	    "Manual layers are not asked about.\n\n"
	    "Nothing runs pods: only definitions and namespaces are waited "
	    "for. Webhooks and aggregated APIs are restored, but not called, "
	    "and quotas are not enforced; the report says so. The control "
	    "planes and all files are gone afterwards; what a killed drill "
	    "left is removed by the next run.\n\n"
	    "Printed are the time of each phase, the recovery time (to "
	    "verify, plan and restore), the age of the data, and everything "
	    "that failed or differs. The metrics backstay_drill_* have the "
	    "same numbers. The result is recorded beside the "
	    "snapshot, signed with signing.record_key_file: a drill that "
	    "passed counts as the deepest verification, and a snapshot whose "
	    "last drill failed is not verified for "
	    "retention.verified_only.\n\n"
	    "A control plane of another version than the cluster fills in "
	    "fields and serves objects in other versions; that alone is "
	    "counted, but no difference.\n\n"
	    "The exit status is 0 if everything came back and nothing "
	    "differs, 1 if something failed, differs or could not be "
	    "compared, 3 if a control plane does not start, and 5 if the "
	    "snapshot is damaged.\n\n"
	    "With --server, and where no folder is named but drill.clusters "
	    "is, each cluster object is sent as a dry run to the API server "
	    "that drill.clusters gives for its cluster, as plan --server "
	    "sends it; repositories and states are restored as always. "
	    "Nothing is written to that server, and so nothing is compared. "
	    "It must not be a source or a target of a restore: to find that "
	    "out, the drill compares the UID of its namespace kube-system "
	    "with theirs, for which it asks each source and target of the "
	    "configuration. What could not be sent is "
	    "counted.\n\n"
	    "With --prefix, each namespace of the snapshot is made under its "
	    "name with that prefix on the same API servers, with a quota that "
	    "allows no Pod, and removed at the end. A copy must not act beside "
	    "what it is a copy of: only ConfigMaps, Secrets, ServiceAccounts, "
	    "Roles, RoleBindings, ResourceQuotas, LimitRanges, "
	    "NetworkPolicies and PodDisruptionBudgets are made there, without "
	    "labels, annotations, owners and finalizers, and compared; all "
	    "other objects are sent as dry runs, and counted as such, also in "
	    "the record. A write to anything else but its lock is refused "
	    "before it is sent. What a killed drill of the same configuration "
	    "and prefix "
	    "left is removed first, by the label backstay.io/drill; a "
	    "namespace of such a name without it is refused. While one drill "
	    "of a prefix runs, the Lease kube-system/backstay-drill-MARK keeps "
	    "a second of the same configuration and prefix out: it is refused "
	    "with exit status 4, and the name of the first. --same-cluster "
	    "allows it in a source or a "
	    "target, too. It needs the rights to get, list, create and delete "
	    "namespaces, to get, create, update and delete leases in "
	    "kube-system (without which it warns that nothing keeps a second "
	    "drill out), to get and create what it makes in the namespaces, to "
	    "bind or "
	    "to hold what the copied Roles grant, and to create what is sent "
	    "as a dry run.\n\n" SNAPSHOT_TEXT,
	.options = drill_options,
	.watched = true,
	.run = run_drill},
    {.name = "extract",
	.operands = "SNAPSHOT",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "unpack a verified snapshot into a directory",
	.description =
	    "Unpacks the archive: bare repositories, objects as JSON, state "
	    "files, and CONTENTS.json. If an entry fails its check, nothing is "
	    "left in the directory. With --only each entry that is unpacked is "
	    "checked, and the rest of the archive is not read; CONTENTS.json "
	    "is not written.\n\n" THING_TEXT "\n\n" SNAPSHOT_TEXT,
	.options = extract_options,
	.run = run_extract},
    {.name = "plan",
	.operands = "SNAPSHOT",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "print what a restore would do, in order",
	.description =
	    "Verifies the snapshot, reads the targets and prints every step in "
	    "order: repositories, Terraform state, then cluster objects, each "
	    "after the objects that it depends on; at the end, where each "
	    "repository, bucket and cluster goes. Nothing is written. The exit "
	    "status is 1 if something cannot be restored.\n\n"
	    "Objects that exist already are kept, updated or recreated, as "
	    "--existing says; the others are created. What the plan leaves out "
	    "on purpose is listed as exclude, with the reason. What is held "
	    "until the release is counted by kind, and so is what nothing "
	    "holds, with what can be done about it. --server also "
	    "checks whether a push or a write would find "
	    "something else at its target.\n\n" SNAPSHOT_TEXT,
	.options = plan_options,
	.run = run_plan},
    {.name = "apply",
	.operands = "SNAPSHOT",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "restore a snapshot",
	.description =
	    "Carries out what `plan` prints, after asking for confirmation. "
	    "Continues after a failure, holds back only what depends on it, "
	    "and lists what is missing; the exit status is then 1. A journal "
	    "in state_dir records what was done. SIGINT ends the run after the "
	    "requests in flight; --resume continues from there.\n\n"
	    "Objects that fail because the service behind a webhook does not "
	    "answer are tried again once the rest is restored; a webhook or "
	    "policy that the API server reads from a file is named as one. "
	    "The conditions "
	    "Ready, Healthy and Available, which apply waits for, are never "
	    "restored from the snapshot. Node ports that a user chose are "
	    "kept; if one is in use, the cluster assigns another, and the "
	    "report says so. If a patch of restore.transforms fails, the whole "
	    "restore is refused; a patch that matches no object is a "
	    "warning.\n\n"
	    "Where something is missing or left paused, the report names the "
	    "policies that the run has brought: they may refuse it later.\n\n"
	    "restore.targets of the configuration says where each part goes; "
	    "what it does not name goes back to where it came "
	    "from.\n\n" SNAPSHOT_TEXT,
	.options = apply_options,
	.watched = true,
	.run = run_apply},
    {.name = "heal",
	.operands = "[SNAPSHOT]",
	.max_operands = 1,
	.summary = "fill an empty platform from its newest good snapshot",
	.description =
	    "For a Job at bootstrap, safe to run at every boot. Takes the "
	    "newest snapshot that is complete, that no verification found "
	    "damaged, and behind which the chain of the vault shows no newer "
	    "one; or SNAPSHOT. Verifies it, and takes the one before it where "
	    "its archive is damaged. Restores it as apply does, layer by "
	    "layer, and releases the controllers. Nobody is asked.\n\nThe "
	    "marker kube-system/backstay-restored, a ConfigMap that heal and "
	    "apply leave in each cluster, says how far that is. A platform "
	    "that is restored, or that the snapshot or a newer one was taken "
	    "from, is left alone with exit status "
	    "0 and one line. One that is restored in part is continued, from "
	    "the snapshot that it began with, also where the journal of the "
	    "earlier run is lost. A marker of another platform or "
	    "another cluster, one that was edited, and another SNAPSHOT than "
	    "the one it names are refused before anything is "
	    "written.\n\n" SNAPSHOT_TEXT,
	.options = heal_options,
	.watched = true,
	.run = run_heal},
    {.name = "status",
	.operands = "[SNAPSHOT]",
	.max_operands = 1,
	.summary = "show how far a restore is",
	.description =
	    "Shows by the journal in state_dir how far the restore of a "
	    "snapshot is, layer by layer: pending, waiting for approval, "
	    "restoring, stopped, held, failed or restored, with the steps that "
	    "are done and when. It may be asked while another process applies, "
	    "and reads neither vault nor targets. Without SNAPSHOT it shows "
	    "the restore that wrote to its journal last.",
	.options = status_options,
	.run = run_status},
    {.name = "release",
	.operands = "SNAPSHOT",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "release the controllers that apply --hold left paused",
	.description = "Resumes the controllers that an apply of this snapshot "
		       "paused, as its journal records, in order and children "
		       "last: also those that a restore left paused because "
		       "something that they name, own or act on is "
		       "missing.\n\n" SNAPSHOT_TEXT,
	.options = release_options,
	.run = run_release},
    {.name = "unlock",
	.operands = "SNAPSHOT",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "show, or remove, the lock of a restore that died",
	.description =
	    "Shows which run of apply, heal or release holds the lock, the "
	    "Lease kube-system/backstay-restore, in each cluster that this "
	    "snapshot is restored to. The next run takes over a lock that "
	    "was not renewed for a minute; this command is for those who "
	    "cannot wait that long, and for clocks that "
	    "differ.\n\n" SNAPSHOT_TEXT,
	.options = unlock_options,
	.run = run_unlock},
    {.name = "rules",
	.operands = "",
	.summary = "print what is known of kinds, and where that comes from",
	.description =
	    "Prints the rules in force: which kinds are paused and how, whose "
	    "status is restored, what tells that they have ended, which are "
	    "made again by a controller, which come last, and what makes them "
	    "ready. Rules of the configuration (restore.rules, "
	    "restore.exclude_kinds) come first and stand in place of built-in "
	    "ones; those of systems in restore.without_rules are not there. "
	    "They are printed in the words that restore.rules takes, each with "
	    "its source.",
	.options = rules_options,
	.run = run_rules},
    {.name = "copy",
	.operands = "SNAPSHOT",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "copy a snapshot into another vault",
	.description = "Checks the signature and the digest, then copies "
		       "archive, signature and manifest unchanged. A snapshot "
		       "that the vault already has is left as it is, so that a "
		       "copy can be repeated. Needs no "
		       "private key.\n\n" SNAPSHOT_TEXT,
	.options = copy_options,
	.run = run_copy},
    {.name = "head",
	.operands = "",
	.summary = "print the head of the vault's chain",
	.description =
	    "Checks the chain of the vault as verify --chain does, and "
	    "prints what that would remember of it: at most 1 KiB, signed with "
	    "signing.record_key_file. Keep it on paper or on another machine: "
	    "with --head, a vault that was put back to an earlier state shows "
	    "even where state_dir was lost. Nothing is written.",
	.options = head_options,
	.run = run_head},
    {.name = "keygen",
	.operands = "",
	.without_settings = true,
	.summary = "make the keys for encryption and signing",
	.description =
	    "Writes identity.txt (the age key that opens archives), "
	    "signing.key and signing.pub (a minisign key pair, which signs "
	    "snapshots), record.key and record.pub (another pair, which signs "
	    "the results of verify), and prints the age recipient. Nothing is "
	    "overwritten.",
	.options = keygen_options,
	.run = run_keygen},
    CLI_COMMAND_COMPLETION, CLI_COMMAND_END};

const struct cli_program restore_program = {
    .name = "backstay-restore",
    .summary = "verify, plan and restore snapshots of a GitOps platform",
    .description =
	"Reads the snapshots that backstay-agent(1) wrote, verifies them, and "
	"restores them into empty or damaged systems in dependency order. "
	"It holds the private key.\n\n"
	"Results go to standard output, events to standard error.",
    .commands = commands,
    .examples =
	"       backstay-restore check\n"
	"       backstay-restore verify latest\n"
	"       backstay-restore plan latest --only kubernetes:staging\n"
	"       backstay-restore apply latest --existing update\n"
	"       backstay-restore extract latest --to /tmp/snapshot\n"
	"       backstay-restore ls latest kubernetes:staging\n"
	"       backstay-restore cat latest "
	"kubernetes:staging/Deployment/web\n",
};
