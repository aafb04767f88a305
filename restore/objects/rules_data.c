#include "restore/objects/rules.h"

/* The fields of these systems' public APIs, by their reference pages. */

#define REF EDGE_REFERENCE
#define HOLD EDGE_HOLDS

#define CONTAINER(list, pointer, to)                                           \
	{                                                                      \
		"workload", "@pod", "/" list "/*" pointer, RULE_NAME, to, REF, \
		    false                                                      \
	}
#define CONTAINERS(list)                                                       \
	CONTAINER(list, "/env/*/valueFrom/secretKeyRef/name", "Secret.core"),  \
	    CONTAINER(list, "/env/*/valueFrom/configMapKeyRef/name",           \
		"ConfigMap.core"),                                             \
	    CONTAINER(list, "/envFrom/*/secretRef/name", "Secret.core"),       \
	    CONTAINER(list, "/envFrom/*/configMapRef/name", "ConfigMap.core")

#define RBAC "rbac.authorization.k8s.io"
#define SOURCE "source.toolkit.fluxcd.io"
#define NAME(system, from, pointer, to)                                        \
	{                                                                      \
		system, from, pointer, RULE_NAME, to, REF, false               \
	}
#define CLUSTER(system, from, pointer, to)                                     \
	{                                                                      \
		system, from, pointer, RULE_CLUSTER_NAME, to, REF, false       \
	}
#define OBJECT(system, from, pointer, to)                                      \
	{                                                                      \
		system, from, pointer, RULE_REF, to, REF, false                \
	}

/* resource.k8s.io/v1 and v1beta2, and as v1beta1 had it. */
#define DEVICE(kind, pointer)                                                  \
	CLUSTER("workload", kind, pointer "/deviceClassName",                  \
	    "DeviceClass.resource.k8s.io")
#define DEVICES(kind, spec)                                                    \
	DEVICE(kind, spec "/devices/requests/*/exactly"),                      \
	    DEVICE(kind, spec "/devices/requests/*/firstAvailable/*"),         \
	    DEVICE(kind, spec "/devices/requests/*")

#define CONTENT(kind, pointer, to)                                             \
	{                                                                      \
		"storage", kind, pointer, RULE_CLUSTER_NAME, to, HOLD, false   \
	}

/* What a generator reads: it deletes the Applications of what it does not find.
 */
#define APPSET(pointer, form, to, strength)                                    \
	{                                                                      \
		"argocd", "ApplicationSet.argoproj.io", pointer, form, to,     \
		    strength, false                                            \
	}
#define APPSET_GENERATORS(at)                                                  \
	APPSET(                                                                \
	    at "/generators/*/git/repoURL", RULE_CLUSTER_NAME, "Git.@", HOLD), \
	    APPSET(at "/generators/*/scmProvider/*/*/secretName", RULE_NAME,   \
		"Secret.core", HOLD),                                          \
	    APPSET(at "/generators/*/scmProvider/*/*/*/secretName", RULE_NAME, \
		"Secret.core", HOLD),                                          \
	    APPSET(at "/generators/*/scmProvider/*/appSecretName", RULE_NAME,  \
		"Secret.core", HOLD),                                          \
	    APPSET(at "/generators/*/pullRequest/*/*/secretName", RULE_NAME,   \
		"Secret.core", HOLD),                                          \
	    APPSET(at "/generators/*/pullRequest/*/*/*/secretName", RULE_NAME, \
		"Secret.core", HOLD),                                          \
	    APPSET(at "/generators/*/pullRequest/*/appSecretName", RULE_NAME,  \
		"Secret.core", HOLD),                                          \
	    APPSET(at "/generators/*/plugin/configMapRef/name", RULE_NAME,     \
		"ConfigMap.core", HOLD),                                       \
	    APPSET(at "/generators/*/clusterDecisionResource/configMapRef",    \
		RULE_NAME, "ConfigMap.core", HOLD)

const struct rule_edge rules_edges[] = {
    CONTAINERS("containers"),
    CONTAINERS("initContainers"),
    CONTAINERS("ephemeralContainers"),
    NAME("workload", "@pod", "/volumes/*/secret/secretName", "Secret.core"),
    NAME("workload", "@pod", "/volumes/*/configMap/name", "ConfigMap.core"),
    NAME("workload", "@pod", "/volumes/*/persistentVolumeClaim/claimName",
	"PersistentVolumeClaim.core"),
    NAME("workload", "@pod", "/volumes/*/projected/sources/*/secret/name",
	"Secret.core"),
    NAME("workload", "@pod", "/volumes/*/projected/sources/*/configMap/name",
	"ConfigMap.core"),
    NAME("workload", "@pod", "/volumes/*/csi/nodePublishSecretRef/name",
	"Secret.core"),
    NAME("workload", "@pod", "/imagePullSecrets/*/name", "Secret.core"),
    NAME("workload", "@pod", "/serviceAccountName", "ServiceAccount.core"),
    CLUSTER("workload", "@pod", "/priorityClassName",
	"PriorityClass.scheduling.k8s.io"),
    CLUSTER(
	"workload", "@pod", "/runtimeClassName", "RuntimeClass.node.k8s.io"),
    NAME("workload", "StatefulSet.apps", "/spec/serviceName", "Service.core"),
    CLUSTER("workload", "StatefulSet.apps",
	"/spec/volumeClaimTemplates/*/spec/storageClassName",
	"StorageClass.storage.k8s.io"),
    CLUSTER("workload", "StatefulSet.apps",
	"/spec/volumeClaimTemplates/*/spec/volumeAttributesClassName",
	"VolumeAttributesClass.storage.k8s.io"),
    NAME("workload", "@pod", "/resourceClaims/*/resourceClaimName",
	"ResourceClaim.resource.k8s.io"),
    NAME("workload", "@pod", "/resourceClaims/*/resourceClaimTemplateName",
	"ResourceClaimTemplate.resource.k8s.io"),
    DEVICES("ResourceClaim.resource.k8s.io", "/spec"),
    DEVICES("ResourceClaimTemplate.resource.k8s.io", "/spec/spec"),
    OBJECT("workload", "HorizontalPodAutoscaler.autoscaling",
	"/spec/scaleTargetRef", "Deployment.apps"),
    OBJECT("workload", "VerticalPodAutoscaler.autoscaling.k8s.io",
	"/spec/targetRef", "Deployment.apps"),
    OBJECT("workload", "ScaledObject.keda.sh", "/spec/scaleTargetRef",
	"Deployment.apps"),
    NAME("workload", "ServiceAccount.core", "/secrets/*/name", "Secret.core"),
    NAME("workload", "ServiceAccount.core", "/imagePullSecrets/*/name",
	"Secret.core"),
    /* Kubernetes deletes a token whose ServiceAccount does not exist. */
    {"workload", "Secret.core",
	"/metadata/annotations/kubernetes.io~1service-account.name", RULE_NAME,
	"ServiceAccount.core", EDGE_HOLDS, false},

    CLUSTER("storage", "PersistentVolumeClaim.core", "/spec/storageClassName",
	"StorageClass.storage.k8s.io"),
    CLUSTER("storage", "PersistentVolumeClaim.core",
	"/spec/volumeAttributesClassName",
	"VolumeAttributesClass.storage.k8s.io"),
    CLUSTER("storage", "PersistentVolume.core",
	"/spec/volumeAttributesClassName",
	"VolumeAttributesClass.storage.k8s.io"),
    CLUSTER("storage", "PersistentVolumeClaim.core", "/spec/volumeName",
	"PersistentVolume.core"),
    OBJECT("storage", "PersistentVolumeClaim.core", "/spec/dataSource",
	"PersistentVolumeClaim.core"),
    CLUSTER("storage", "PersistentVolume.core", "/spec/storageClassName",
	"StorageClass.storage.k8s.io"),
    OBJECT("storage", "PersistentVolume.core", "/spec/csi/*", "Secret.core"),
    CLUSTER("storage", "VolumeSnapshot.snapshot.storage.k8s.io",
	"/spec/volumeSnapshotClassName",
	"VolumeSnapshotClass.snapshot.storage.k8s.io"),
    NAME("storage", "VolumeSnapshot.snapshot.storage.k8s.io",
	"/spec/source/persistentVolumeClaimName", "PersistentVolumeClaim.core"),
    OBJECT("storage", "PersistentVolumeClaim.core", "/spec/dataSourceRef",
	"PersistentVolumeClaim.core"),
    /* Without its content the snapshot controller would have another taken;
     * see snapshot_source.h. */
    CONTENT("VolumeSnapshot.snapshot.storage.k8s.io",
	"/spec/source/volumeSnapshotContentName",
	"VolumeSnapshotContent.snapshot.storage.k8s.io"),
    CONTENT("VolumeSnapshot.snapshot.storage.k8s.io",
	"/status/boundVolumeSnapshotContentName",
	"VolumeSnapshotContent.snapshot.storage.k8s.io"),
    CONTENT("VolumeGroupSnapshot.groupsnapshot.storage.k8s.io",
	"/spec/source/volumeGroupSnapshotContentName",
	"VolumeGroupSnapshotContent.groupsnapshot.storage.k8s.io"),
    CONTENT("VolumeGroupSnapshot.groupsnapshot.storage.k8s.io",
	"/status/boundVolumeGroupSnapshotContentName",
	"VolumeGroupSnapshotContent.groupsnapshot.storage.k8s.io"),
    CLUSTER("storage", "VolumeSnapshotContent.snapshot.storage.k8s.io",
	"/spec/volumeSnapshotClassName",
	"VolumeSnapshotClass.snapshot.storage.k8s.io"),
    CLUSTER("storage", "VolumeGroupSnapshot*.groupsnapshot.storage.k8s.io",
	"/spec/volumeGroupSnapshotClassName",
	"VolumeGroupSnapshotClass.groupsnapshot.storage.k8s.io"),

    NAME("longhorn", "Volume.longhorn.io", "/spec/backingImage",
	"BackingImage.longhorn.io"),
    NAME("longhorn", "Volume.longhorn.io", "/spec/backupTargetName",
	"BackupTarget.longhorn.io"),
    NAME("longhorn", "BackupTarget.longhorn.io", "/spec/credentialSecret",
	"Secret.core"),
    NAME("longhorn", "Snapshot.longhorn.io", "/spec/volume",
	"Volume.longhorn.io"),
    NAME("longhorn", "Backup.longhorn.io", "/spec/snapshotName",
	"Snapshot.longhorn.io"),

    OBJECT("access", "RoleBinding." RBAC, "/roleRef", "Role." RBAC),
    OBJECT(
	"access", "ClusterRoleBinding." RBAC, "/roleRef", "ClusterRole." RBAC),
    OBJECT("access", "RoleBinding." RBAC, "/subjects/*", "ServiceAccount.core"),
    OBJECT("access", "ClusterRoleBinding." RBAC, "/subjects/*",
	"ServiceAccount.core"),

    CLUSTER("network", "Ingress", "/spec/ingressClassName",
	"IngressClass.networking.k8s.io"),
    NAME("network", "Ingress", "/spec/tls/*/secretName", "Secret.core"),
    NAME("network", "Ingress",
	"/spec/rules/*/http/paths/*/backend/service/name", "Service.core"),
    NAME("network", "Ingress", "/spec/rules/*/http/paths/*/backend/serviceName",
	"Service.core"),
    NAME("network", "Ingress", "/spec/defaultBackend/service/name",
	"Service.core"),
    NAME("network", "Ingress", "/spec/backend/serviceName", "Service.core"),
    CLUSTER("network", "Gateway.gateway.networking.k8s.io",
	"/spec/gatewayClassName", "GatewayClass.gateway.networking.k8s.io"),
    OBJECT("network", "Gateway.gateway.networking.k8s.io",
	"/spec/listeners/*/tls/certificateRefs/*", "Secret.core"),
    OBJECT("network", "*Route.gateway.networking.k8s.io", "/spec/parentRefs/*",
	"Gateway.gateway.networking.k8s.io"),
    OBJECT("network", "*Route.gateway.networking.k8s.io",
	"/spec/rules/*/backendRefs/*", "Service.core"),

    /* Webhook configurations are in references.c: whether they hold depends
     * on their failurePolicy. */
    {"admission", "APIService.apiregistration.k8s.io", "/spec/service",
	RULE_REF, "Service.core", REF, true},
    OBJECT("admission", "ValidatingAdmissionPolicyBinding", "/spec/paramRef",
	"ConfigMap.core"),
    CLUSTER("admission", "ValidatingAdmissionPolicyBinding", "/spec/policyName",
	"ValidatingAdmissionPolicy.admissionregistration.k8s.io"),

    OBJECT("flux", "Kustomization.kustomize.toolkit.fluxcd.io",
	"/spec/sourceRef", "GitRepository." SOURCE),
    OBJECT("flux", "Kustomization.kustomize.toolkit.fluxcd.io",
	"/spec/dependsOn/*", "Kustomization.kustomize.toolkit.fluxcd.io"),
    OBJECT("flux", "Kustomization.kustomize.toolkit.fluxcd.io",
	"/spec/decryption/secretRef", "Secret.core"),
    OBJECT("flux", "Kustomization.kustomize.toolkit.fluxcd.io",
	"/spec/postBuild/substituteFrom/*", "ConfigMap.core"),
    OBJECT("flux", "HelmRelease.helm.toolkit.fluxcd.io",
	"/spec/chart/spec/sourceRef", "HelmRepository." SOURCE),
    OBJECT("flux", "HelmRelease.helm.toolkit.fluxcd.io", "/spec/chartRef",
	"OCIRepository." SOURCE),
    OBJECT("flux", "HelmRelease.helm.toolkit.fluxcd.io", "/spec/dependsOn/*",
	"HelmRelease.helm.toolkit.fluxcd.io"),
    OBJECT("flux", "HelmRelease.helm.toolkit.fluxcd.io", "/spec/valuesFrom/*",
	"ConfigMap.core"),
    OBJECT("flux", "HelmChart." SOURCE, "/spec/sourceRef",
	"HelmRepository." SOURCE),
    OBJECT("flux", "*.*.toolkit.fluxcd.io", "/spec/secretRef", "Secret.core"),
    OBJECT(
	"flux", "*.*.toolkit.fluxcd.io", "/spec/certSecretRef", "Secret.core"),
    OBJECT("flux", "*.*.toolkit.fluxcd.io", "/spec/kubeConfig/secretRef",
	"Secret.core"),
    NAME("flux", "*.*.toolkit.fluxcd.io", "/spec/serviceAccountName",
	"ServiceAccount.core"),
    OBJECT("flux", "Alert.notification.toolkit.fluxcd.io", "/spec/providerRef",
	"Provider.notification.toolkit.fluxcd.io"),
    OBJECT("flux", "ImagePolicy.image.toolkit.fluxcd.io",
	"/spec/imageRepositoryRef", "ImageRepository.image.toolkit.fluxcd.io"),
    OBJECT("flux", "ImageUpdateAutomation.image.toolkit.fluxcd.io",
	"/spec/sourceRef", "GitRepository." SOURCE),
    {"flux", "GitRepository." SOURCE, "/spec/url", RULE_CLUSTER_NAME, "Git.@",
	HOLD, false},

    NAME("argocd", "Application.argoproj.io", "/spec/project",
	"AppProject.argoproj.io"),
    NAME("argocd", "ApplicationSet.argoproj.io", "/spec/template/spec/project",
	"AppProject.argoproj.io"),
    {"argocd", "Application.argoproj.io", "/spec/source/repoURL",
	RULE_CLUSTER_NAME, "Git.@", HOLD, false},
    {"argocd", "Application.argoproj.io", "/spec/sources/*/repoURL",
	RULE_CLUSTER_NAME, "Git.@", HOLD, false},
    APPSET_GENERATORS("/spec"),
    /* Of two that are combined, and of two that are combined in such. */
    APPSET_GENERATORS("/spec/generators/*/matrix"),
    APPSET_GENERATORS("/spec/generators/*/merge"),
    APPSET_GENERATORS("/spec/generators/*/matrix/generators/*/matrix"),
    APPSET_GENERATORS("/spec/generators/*/matrix/generators/*/merge"),
    APPSET_GENERATORS("/spec/generators/*/merge/generators/*/matrix"),
    APPSET_GENERATORS("/spec/generators/*/merge/generators/*/merge"),

    OBJECT("crossplane", "*ProviderConfig", "/spec/credentials/secretRef",
	"Secret.core"),
    OBJECT(
	"crossplane", "*", "/spec/writeConnectionSecretToRef", "Secret.core"),
    OBJECT("crossplane", "Composition.apiextensions.crossplane.io",
	"/spec/compositeTypeRef", "Definition.@"),
    CLUSTER("crossplane", "*", "/spec/compositionRef/name",
	"Composition.apiextensions.crossplane.io"),
    CLUSTER("crossplane", "*", "/spec/crossplane/compositionRef/name",
	"Composition.apiextensions.crossplane.io"),
    CLUSTER("crossplane", "*", "/spec/compositionRevisionRef/name",
	"CompositionRevision.apiextensions.crossplane.io"),
    CLUSTER("crossplane", "*", "/spec/crossplane/compositionRevisionRef/name",
	"CompositionRevision.apiextensions.crossplane.io"),
    OBJECT("crossplane", "*.pkg.crossplane.io", "/spec/runtimeConfigRef",
	"DeploymentRuntimeConfig.pkg.crossplane.io"),
    NAME("crossplane", "*.pkg.crossplane.io", "/spec/packagePullSecrets/*/name",
	"Secret.core"),

    OBJECT(
	"terraform", "Terraform", "/spec/sourceRef", "GitRepository." SOURCE),
    OBJECT("terraform", "Terraform", "/spec/dependsOn/*",
	"Terraform.infra.contrib.fluxcd.io"),
    OBJECT("terraform", "Terraform", "/spec/varsFrom/*", "Secret.core"),
    OBJECT(
	"terraform", "Terraform", "/spec/backendConfigsFrom/*", "Secret.core"),
    OBJECT("terraform", "Terraform", "/spec/cliConfigSecretRef", "Secret.core"),
    OBJECT(
	"terraform", "Terraform", "/spec/writeOutputsToSecret", "Secret.core"),
    OBJECT("terraform", "*.app.terraform.io", "/spec/token/secretKeyRef",
	"Secret.core"),

    NAME("cloudnative-pg", "*Backup.postgresql.cnpg.io", "/spec/cluster/name",
	"Cluster.postgresql.cnpg.io"),
    NAME("cloudnative-pg", "Cluster.postgresql.cnpg.io",
	"/spec/superuserSecret/name", "Secret.core"),
    NAME("cloudnative-pg", "Cluster.postgresql.cnpg.io",
	"/spec/bootstrap/*/secret/name", "Secret.core"),

    OBJECT("gatekeeper", "*.constraints.gatekeeper.sh",
	"/spec/parameters/configMapRef", "ConfigMap.core"),

    /* Without its template an ExternalSecret makes nothing. */
    {"external-secrets", "ExternalSecret.external-secrets.io",
	"/spec/target/template/templateFrom/*/configMap/name", RULE_NAME,
	"ConfigMap.core", HOLD, false},
    {"external-secrets", "ExternalSecret.external-secrets.io",
	"/spec/target/template/templateFrom/*/secret/name", RULE_NAME,
	"Secret.core", HOLD, false},
    {"external-secrets", "PushSecret.external-secrets.io",
	"/spec/template/templateFrom/*/configMap/name", RULE_NAME,
	"ConfigMap.core", HOLD, false},
    {"external-secrets", "PushSecret.external-secrets.io",
	"/spec/template/templateFrom/*/secret/name", RULE_NAME, "Secret.core",
	HOLD, false},
    {"external-secrets", "PushSecret.external-secrets.io", RULES_PUSHED_SECRET,
	RULE_NAME, "Secret.core", HOLD, false},
    {"external-secrets", "ClusterExternalSecret.external-secrets.io",
	"/spec/externalSecretSpec/secretStoreRef", RULE_REF,
	"ClusterSecretStore.external-secrets.io", HOLD, false},
    {"external-secrets", "ClusterExternalSecret.external-secrets.io",
	"/spec/externalSecretSpec/dataFrom/*/sourceRef/storeRef", RULE_REF,
	"ClusterSecretStore.external-secrets.io", HOLD, false},
    {"external-secrets", "ClusterPushSecret.external-secrets.io",
	"/spec/pushSecretSpec/secretStoreRefs/*", RULE_REF,
	"ClusterSecretStore.external-secrets.io", HOLD, false},
    OBJECT("external-secrets", "*SecretStore.external-secrets.io",
	"/spec/provider/*/auth/secretRef/*", "Secret.core"),
    OBJECT("external-secrets", "*SecretStore.external-secrets.io",
	"/spec/provider/*/auth/*/secretRef/*", "Secret.core"),
    OBJECT("external-secrets", "*SecretStore.external-secrets.io",
	"/spec/provider/*/auth/*/*SecretRef", "Secret.core"),
    OBJECT("external-secrets", "*SecretStore.external-secrets.io",
	"/spec/provider/*/auth/*/serviceAccountRef", "ServiceAccount.core"),
    OBJECT("external-secrets", "*SecretStore.external-secrets.io",
	"/spec/provider/*/caProvider", "Secret.core"),

    /* Without its Secret a certificate is issued anew. */
    {"cert-manager", "Certificate.cert-manager.io", "/spec/secretName",
	RULE_NAME, "Secret.core", HOLD, false},
    OBJECT("cert-manager", "Certificate.cert-manager.io", "/spec/issuerRef",
	"Issuer.cert-manager.io"),
    OBJECT("cert-manager", "*Issuer.cert-manager.io",
	"/spec/acme/privateKeySecretRef", "Secret.core"),
    NAME("cert-manager", "*Issuer.cert-manager.io", "/spec/ca/secretName",
	"Secret.core"),

    NAME("prometheus-operator", "ServiceMonitor.monitoring.coreos.com",
	"/spec/endpoints/*/basicAuth/*/name", "Secret.core"),
    NAME("prometheus-operator", "*.monitoring.coreos.com",
	"/spec/serviceAccountName", "ServiceAccount.core"),
    NAME("prometheus-operator", "*.monitoring.coreos.com",
	"/spec/additionalScrapeConfigs/name", "Secret.core"),
    NAME("prometheus-operator", "Alertmanager.monitoring.coreos.com",
	"/spec/configSecret", "Secret.core"),
    {.system = NULL},
};

#define FIELD(system_, kind_, pointer_)                                        \
	{                                                                      \
		.system = (system_), .kind = (kind_), .pointer = (pointer_)    \
	}
#define SUSPEND(system_, kind_) FIELD(system_, kind_, "/spec/suspend")
#define ANNOTATION(system_, kind_, annotation_)                                \
	{                                                                      \
		.system = (system_), .kind = (kind_),                          \
		.pointer = "/metadata/annotations",                            \
		.annotation = (annotation_)                                    \
	}
#define DISABLED(kind_, annotation_)                                           \
	{                                                                      \
		.system = "flux", .kind = (kind_),                             \
		.pointer = "/metadata/annotations",                            \
		.annotation = (annotation_), .value = "\"disabled\"",          \
		.read = RULE_PAUSE_ANY_CASE                                    \
	}
#define PAUSED(kind_, where_)                                                  \
	{                                                                      \
		.system = "crossplane", .kind = (kind_), .where = (where_),    \
		.pointer = "/metadata/annotations",                            \
		.annotation = "crossplane.io/paused"                           \
	}
#define CLUSTER_API(kind_)                                                     \
	{                                                                      \
		.system = "cluster-api", .kind = (kind_),                      \
		.pointer = "/metadata/annotations",                            \
		.annotation = "cluster.x-k8s.io/paused",                       \
		.read = RULE_PAUSE_PRESENT                                     \
	}
#define RECONCILES_NOT(kind_)                                                  \
	{                                                                      \
		.system = "cloudnative-pg", .kind = (kind_),                   \
		.pointer = "/metadata/annotations",                            \
		.annotation = "cnpg.io/reconciliationLoop",                    \
		.value = "\"disabled\""                                        \
	}
/* A kind that has no pause, by its controller. */
#define BY_REPLICAS_OF(kind_, system_, image_, label_, acts_on_)               \
	{                                                                      \
		.system = (system_), .kind = (kind_),                          \
		.pointer = "/spec/replicas", .value = "0", .image = (image_),  \
		.label = (label_), .acts_on = (acts_on_)                       \
	}
#define BY_REPLICAS(system, image, label, acts_on)                             \
	BY_REPLICAS_OF("Deployment.apps", system, image, label, acts_on),      \
	    BY_REPLICAS_OF("StatefulSet.apps", system, image, label, acts_on)
/* A controller on each node, by a label that no node has. */
#define BY_NODES(system_, image_, acts_on_)                                    \
	{                                                                      \
		.system = (system_), .kind = "DaemonSet.apps",                 \
		.pointer = "/spec/template/spec/nodeSelector",                 \
		.annotation = RULES_NO_NODE, .image = (image_),                \
		.acts_on = (acts_on_)                                          \
	}
const struct rule_pause rules_pauses[] = {
    SUSPEND("flux", "Kustomization.kustomize.toolkit.fluxcd.io"),
    SUSPEND("flux", "HelmRelease.helm.toolkit.fluxcd.io"),
    SUSPEND("flux", "*Repository.source.toolkit.fluxcd.io"),
    SUSPEND("flux", "Bucket.source.toolkit.fluxcd.io"),
    SUSPEND("flux", "HelmChart.source.toolkit.fluxcd.io"),
    SUSPEND("flux", "ImageRepository.image.toolkit.fluxcd.io"),
    SUSPEND("flux", "ImagePolicy.image.toolkit.fluxcd.io"),
    SUSPEND("flux", "ImageUpdateAutomation.image.toolkit.fluxcd.io"),
    DISABLED("FluxInstance.fluxcd.controlplane.io",
	"fluxcd.controlplane.io/reconcile"),
    DISABLED("ResourceSet.fluxcd.controlplane.io",
	"fluxcd.controlplane.io/reconcile"),
    DISABLED("ResourceSetInputProvider.fluxcd.controlplane.io",
	"fluxcd.controlplane.io/reconcile"),
    DISABLED("ArtifactGenerator.source.extensions.fluxcd.io",
	"source.extensions.fluxcd.io/reconcile"),
    SUSPEND("terraform", "Terraform.infra.contrib.fluxcd.io"),
    ANNOTATION("terraform", "*.app.terraform.io", "app.terraform.io/paused"),
    BY_REPLICAS("terraform", "*terraform-controller*", NULL,
	"Configuration.terraform.core.oam.dev"),
    BY_REPLICAS(
	"terraform", "*terranetes-controller*", NULL, "*.terraform.appvia.io"),
    BY_REPLICAS(
	"terraform", "*pulumi-kubernetes-operator*", NULL, "Stack.pulumi.com"),
    {.system = "argocd",
	.kind = "Application.argoproj.io",
	.pointer = "/metadata/annotations",
	.annotation = "argocd.argoproj.io/skip-reconcile",
	.read = RULE_PAUSE_PARSED},
    /* The annotation is in the template, because an ApplicationSet removes it
     * from an Application that it generates. With create-only, it deletes no
     * Application that it does not generate yet. */
    {.system = "argocd",
	.kind = "ApplicationSet.argoproj.io",
	.pointer = "/spec/template/metadata/annotations",
	.annotation = "argocd.argoproj.io/skip-reconcile",
	.read = RULE_PAUSE_PARSED},
    {.system = "argocd",
	.kind = "ApplicationSet.argoproj.io",
	.pointer = "/spec/syncPolicy/applicationsSync",
	.value = "\"create-only\""},
    SUSPEND("argocd", "Workflow.argoproj.io"),
    SUSPEND("argocd", "CronWorkflow.argoproj.io"),
    /* Tekton accepts this value only in a run that is being created. */
    {.system = "tekton",
	.kind = "PipelineRun.tekton.dev",
	.pointer = "/spec/status",
	.value = "\"PipelineRunPending\""},
    PAUSED("*", "/spec/forProvider"),
    PAUSED("*", "/spec/compositionRef"),
    PAUSED("*", "/spec/compositionSelector"),
    PAUSED("*", "/spec/compositionRevisionRef"),
    PAUSED("*", "/spec/crossplane/compositionRef"),
    PAUSED("Object.kubernetes.crossplane.io", NULL),
    PAUSED("Release.helm.crossplane.io", NULL),
    PAUSED("Operation.ops.crossplane.io", NULL),
    PAUSED("CronOperation.ops.crossplane.io", NULL),
    PAUSED("WatchOperation.ops.crossplane.io", NULL),
    FIELD("cluster-api", "Cluster.cluster.x-k8s.io", "/spec/paused"),
    CLUSTER_API("*.cluster.x-k8s.io"),
    CLUSTER_API("*.infrastructure.cluster.x-k8s.io"),
    CLUSTER_API("*.controlplane.cluster.x-k8s.io"),
    CLUSTER_API("*.bootstrap.cluster.x-k8s.io"),
    CLUSTER_API("IPAddressClaim.ipam.cluster.x-k8s.io"),
    FIELD("fleet", "GitRepo.fleet.cattle.io", "/spec/paused"),
    FIELD("fleet", "Bundle.fleet.cattle.io", "/spec/paused"),
    /* Neither creates nor changes nor deletes anything in Azure. */
    {.system = "aso",
	.kind = "*.*.azure.com",
	.pointer = "/metadata/annotations",
	.annotation = "serviceoperator.azure.com/reconcile-policy",
	.value = "\"skip\""},
    {.system = "strimzi",
	.kind = "*.kafka.strimzi.io",
	.pointer = "/metadata/annotations",
	.annotation = "strimzi.io/pause-reconciliation",
	.read = RULE_PAUSE_ANY_CASE},
    FIELD("velero", "Schedule.velero.io", "/spec/paused"),
    RECONCILES_NOT("Cluster.postgresql.cnpg.io"),
    RECONCILES_NOT("Backup.postgresql.cnpg.io"),
    SUSPEND("cloudnative-pg", "ScheduledBackup.postgresql.cnpg.io"),
    {.system = "keda",
	.kind = "ScaledJob.keda.sh",
	.pointer = "/metadata/annotations",
	.annotation = "autoscaling.keda.sh/paused",
	.read = RULE_PAUSE_NOT_FALSE},
    SUSPEND("ray", "RayJob.ray.io"),
    /* A controller that is older than this annotation does not know it. */
    {.system = "ack",
	.kind = "*.*.services.k8s.aws",
	.pointer = "/metadata/annotations",
	.annotation = "services.k8s.aws/read-only",
	.read = RULE_PAUSE_ANY_CASE},
    BY_REPLICAS("ack", "*aws-controllers-k8s/*", NULL, "*.*.services.k8s.aws"),
    BY_REPLICAS(
	"kubedirector", "*kubedirector*", NULL, "*.kubedirector.hpe.com"),
    {.system = "config-connector",
	.kind = "ConfigConnector*.core.cnrm.cloud.google.com",
	.pointer = "/spec/actuationMode",
	.value = "\"Paused\""},
    /* Where no operator runs it, as with the manifests of one namespace. */
    BY_REPLICAS("config-connector", "*cnrm/controller*", NULL,
	"*.*.cnrm.cloud.google.com"),
    /* It makes volumes, restores backups and takes snapshots wherever a status
     * does not say that it did. */
    BY_NODES("longhorn", "*longhorn-manager*", "*.longhorn.io"),
    BY_REPLICAS("knative", "*knative.dev/serving/cmd/controller*", NULL,
	"*.serving.knative.dev"),
    /* Its webhook runs the same image. Without secretStoreRefs a PushSecret
     * does nothing since v0.10.0; an operator before that deletes from the
     * store what the status says was pushed: that is no pause. */
    BY_REPLICAS("external-secrets", "*external-secrets*",
	"app.kubernetes.io/name=external-secrets", "*.external-secrets.io"),
    {.system = NULL},
};

/* Except where the API server itself sets the condition, it becomes true only
 * where pods run. */
const struct rule_ready rules_readies[] = {
    {"api", "CustomResourceDefinition.apiextensions.k8s.io", "Established",
	false},
    {"admission", "APIService.apiregistration.k8s.io", "Available", true},
    {"workload", "Deployment.apps", "Available", true},
    {"flux", "*.source.toolkit.fluxcd.io", "Ready", true},
    {"crossplane", "Provider.pkg.crossplane.io", "Installed", true},
    {"crossplane", "Provider.pkg.crossplane.io", "Healthy", true},
    {"crossplane", "Configuration.pkg.crossplane.io", "Installed", true},
    {"crossplane", "Configuration.pkg.crossplane.io", "Healthy", true},
    {"crossplane", "Function.pkg.crossplane.io", "Installed", true},
    {"crossplane", "Function.pkg.crossplane.io", "Healthy", true},
    {"crossplane", "CompositeResourceDefinition.apiextensions.crossplane.io",
	"Established", true},
    {"external-secrets", "*SecretStore.external-secrets.io", "Ready", true},
    {"cert-manager", "*Issuer.cert-manager.io", "Ready", true},
    {.system = NULL},
};

const struct rule_status rules_statuses[] = {
    {"flux", "Kustomization.kustomize.toolkit.fluxcd.io", NULL, false},
    {"flux", "HelmRelease.helm.toolkit.fluxcd.io", NULL, false},
    {"argocd", "Application.argoproj.io", NULL, false},
    {"crossplane", "*.*.crossplane.io", NULL, false},
    {"crossplane", "*.*.upbound.io", NULL, false},
    {"crossplane", "*", "/spec/forProvider", false},
    {"crossplane", "*", "/spec/compositionRef", false},
    {"crossplane", "*", "/spec/crossplane/compositionRef", false},
    {"terraform", "Terraform", NULL, false},
    {"terraform", "*.app.terraform.io", NULL, false},
    {"terraform", "Configuration.terraform.core.oam.dev", NULL, false},
    {"terraform", "*.terraform.appvia.io", NULL, false},
    {"terraform", "Stack.pulumi.com", NULL, false},
    {"flux", "*.fluxcd.controlplane.io", NULL, false},
    {"flux", "*.source.extensions.fluxcd.io", NULL, false},
    {"flux", "*.image.toolkit.fluxcd.io", NULL, false},
    {"argocd", "ApplicationSet.argoproj.io", NULL, false},
    {"argocd", "CronWorkflow.argoproj.io", NULL, false},
    /* An ApplicationSet reads the clusters out of it. */
    {"argocd", "PlacementDecision.cluster.open-cluster-management.io", NULL,
	false},
    {"tekton", "*Run.tekton.dev", NULL, false},
    {"cluster-api", "*.*cluster.x-k8s.io", NULL, false},
    {"fleet", "*.fleet.cattle.io", NULL, false},
    {"ack", "*.*.services.k8s.aws", NULL, false},
    {"config-connector", "*.*.cnrm.cloud.google.com", NULL, false},
    {"olm", "Subscription.operators.coreos.com", NULL, false},
    {"strimzi", "*.kafka.strimzi.io", NULL, false},
    {"aso", "*.*.azure.com", NULL, false},
    {"velero", "Schedule.velero.io", NULL, false},
    /* A cluster that was initialised is not made empty a second time, a backup
     * that ran is not begun again, and an immediate one is taken once. */
    {"cloudnative-pg", "Cluster.postgresql.cnpg.io", NULL, false},
    {"cloudnative-pg", "Backup.postgresql.cnpg.io", NULL, false},
    {"cloudnative-pg", "ScheduledBackup.postgresql.cnpg.io", NULL, false},
    {"knative", "*.serving.knative.dev", NULL, false},
    {"kubedirector", "*.kubedirector.hpe.com", NULL, false},
    {"cert-manager", "Certificate.cert-manager.io", NULL, false},
    {"external-secrets", "*ExternalSecret.external-secrets.io", NULL, false},
    {"external-secrets", "*PushSecret.external-secrets.io", NULL, false},
    /* Whether a backup was restored into it, and a volume cloned. */
    {"longhorn", "Volume.longhorn.io", NULL, false},
    {"longhorn", "Snapshot.longhorn.io", NULL, false},
    {"longhorn", "Backup.longhorn.io", NULL, false},
    /* By its UUID its files are found. */
    {"longhorn", "BackingImage*.longhorn.io", NULL, false},
    {.system = NULL},
};

const struct rule_last rules_lasts[] = {
    /* They would refuse or change objects that existed before them. Restored
     * last, a quota only counts these, and limits leave them as they are. */
    {"admission", "ResourceQuota.core", 1},
    {"admission", "LimitRange.core", 1},
    {"kyverno", "ClusterPolicy.kyverno.io", 1},
    {"kyverno", "Policy.kyverno.io", 1},
    {"kyverno", "*.policies.kyverno.io", 1},
    {"kyverno", "*CleanupPolicy.kyverno.io", 1},
    {"gatekeeper", "*.mutations.gatekeeper.sh", 1},
    {"gatekeeper", "*.constraints.gatekeeper.sh", 1},
    {"admission", "ValidatingAdmissionPolicyBinding", 1},
    {"admission", "MutatingAdmissionPolicyBinding", 1},
    {"admission", "ValidatingWebhookConfiguration", 2},
    {"admission", "MutatingWebhookConfiguration", 2},
    {.system = NULL},
};

const struct rule_key rules_keys[] = {
    {"sealed-secrets", "sealedsecrets.bitnami.com/sealed-secrets-key", NULL,
	"*sealed-secrets-controller*"},
    {"istio", NULL, "istio-ca-secret", "*pilot*"},
    {"istio", NULL, "cacerts", "*pilot*"},
    {"linkerd", NULL, "linkerd-identity-issuer", "*linkerd*controller*"},
    {"argocd", NULL, "argocd-secret", "*argocd*"},
    {"rook", NULL, "rook-ceph-mon", "*rook/ceph*"},
    {"cloudnative-pg", NULL, "cnpg-ca-secret", "*cloudnative-pg*"},
    {"strimzi", "strimzi.io/component-type", NULL, "*strimzi/operator*"},
    {.system = NULL},
};

const struct rule_renamed rules_renamed[] = {
    {"api", "Ingress", "extensions", "networking.k8s.io"},
    {"api", "NetworkPolicy", "extensions", "networking.k8s.io"},
    {"api", "PodSecurityPolicy", "extensions", "policy"},
    {"api", "Deployment", "extensions", "apps"},
    {"api", "DaemonSet", "extensions", "apps"},
    {"api", "ReplicaSet", "extensions", "apps"},
    {"api", "Event", "events.k8s.io", ""},
    {.system = NULL},
};

#define BY_NAME "/matchLabels/kubernetes.io~1metadata.name"
const struct rule_namespace rules_namespaces[] = {
    {"api", "CustomResourceDefinition",
	"/spec/conversion/webhook/clientConfig/service/namespace"},
    {"api", "PersistentVolume.core", "/spec/claimRef/namespace"},
    {"api", "Namespace.core", "/metadata/labels/kubernetes.io~1metadata.name"},
    {"storage", "VolumeSnapshotContent.snapshot.storage.k8s.io",
	"/spec/volumeSnapshotRef/namespace"},
    {"storage", "VolumeGroupSnapshotContent.groupsnapshot.storage.k8s.io",
	"/spec/volumeGroupSnapshotRef/namespace"},
    {"storage", "PersistentVolumeClaim.core", "/spec/dataSourceRef/namespace"},
    {"network", "NetworkPolicy.networking.k8s.io",
	"/spec/ingress/*/from/*/namespaceSelector/matchLabels/"
	"kubernetes.io~1metadata.name"},
    {"network", "NetworkPolicy.networking.k8s.io",
	"/spec/egress/*/to/*/namespaceSelector/matchLabels/"
	"kubernetes.io~1metadata.name"},
    {"admission", "ValidatingWebhookConfiguration",
	"/webhooks/*/clientConfig/service/namespace"},
    {"admission", "MutatingWebhookConfiguration",
	"/webhooks/*/clientConfig/service/namespace"},
    {"admission", "*WebhookConfiguration",
	"/webhooks/*/namespaceSelector/matchLabels/"
	"kubernetes.io~1metadata.name"},
    {"admission", "*WebhookConfiguration",
	"/webhooks/*/namespaceSelector/matchExpressions/*/values/*"},
    {"cert-manager", "*",
	"/metadata/annotations/cert-manager.io~1inject-ca-from"},
    {"cert-manager", "*",
	"/metadata/annotations/cert-manager.io~1inject-ca-from-secret"},
    {"helm", "*", "/metadata/annotations/meta.helm.sh~1release-namespace"},
    {"flux", "*", "/metadata/labels/kustomize.toolkit.fluxcd.io~1namespace"},
    {"flux", "*", "/metadata/labels/helm.toolkit.fluxcd.io~1namespace"},
    {"flux", "HelmRelease.helm.toolkit.fluxcd.io", "/status/storageNamespace"},
    {"flux", "HelmRelease.helm.toolkit.fluxcd.io",
	"/status/history/*/namespace"},
    {"argocd", "Application.argoproj.io", "/status/resources/*/namespace"},
    {"flux", "*.*.toolkit.fluxcd.io", "/spec/targetNamespace"},
    {"flux", "HelmRelease.helm.toolkit.fluxcd.io", "/spec/storageNamespace"},
    {"argocd", "Application.argoproj.io", "/spec/destination/namespace"},
    {"argocd", "AppProject.argoproj.io", "/spec/destinations/*/namespace"},
    {"argocd", "AppProject.argoproj.io", "/spec/sourceNamespaces/*"},
    {"argocd", "ApplicationSet.argoproj.io",
	"/spec/template/spec/destination/namespace"},
    {"gatekeeper", "*.constraints.gatekeeper.sh", "/spec/match/namespaces/*"},
    {"gatekeeper", "*.constraints.gatekeeper.sh",
	"/spec/match/excludedNamespaces/*"},
    {"kyverno", "*.kyverno.io",
	"/spec/rules/*/match/any/*/resources/namespaces/*"},
    {"kyverno", "*.kyverno.io",
	"/spec/rules/*/match/all/*/resources/namespaces/*"},
    {"kyverno", "*.kyverno.io",
	"/spec/rules/*/exclude/any/*/resources/namespaces/*"},
    {"prometheus-operator", "*.monitoring.coreos.com",
	"/spec/namespaceSelector/matchNames/*"},
    {"external-secrets", "*SecretStore.external-secrets.io",
	"/spec/conditions/*/namespaces/*"},
    {"external-secrets", "Cluster*.external-secrets.io", "/spec/namespaces/*"},
    {"external-secrets", "Cluster*.external-secrets.io",
	"/spec/namespaceSelector" BY_NAME},
    {"external-secrets", "Cluster*.external-secrets.io",
	"/spec/namespaceSelectors/*" BY_NAME},
    {"external-secrets", "Cluster*.external-secrets.io",
	"/spec/namespaceSelector/matchExpressions/*/values/*"},
    {"external-secrets", "Cluster*.external-secrets.io",
	"/spec/namespaceSelectors/*/matchExpressions/*/values/*"},
    {"external-secrets", "*SecretStore.external-secrets.io",
	"/spec/conditions/*/namespaceSelector" BY_NAME},
    /* Where one of them is selected no more, what was made there is deleted. */
    {"external-secrets", "Cluster*.external-secrets.io",
	"/status/provisionedNamespaces/*"},
    {"external-secrets", "Cluster*.external-secrets.io",
	"/status/failedNamespaces/*/namespace"},
    {"network", "ReferenceGrant.gateway.networking.k8s.io",
	"/spec/from/*/namespace"},
    {"network", "AuthorizationPolicy.security.istio.io",
	"/spec/rules/*/from/*/source/namespaces/*"},
    {"admission", "*AdmissionPolicyBinding",
	"/spec/matchResources/namespaceSelector" BY_NAME},
    {"admission", "*AdmissionPolicy",
	"/spec/matchConstraints/namespaceSelector" BY_NAME},
    {"kyverno", "*.policies.kyverno.io",
	"/spec/matchConstraints/namespaceSelector" BY_NAME},
    {"kyverno", "*.policies.kyverno.io",
	"/spec/matchConstraints/namespaceSelector/matchExpressions/*/values/*"},
    {"kyverno", "*.kyverno.io",
	"/spec/rules/*/match/any/*/resources/namespaceSelector" BY_NAME},
    {"kyverno", "*.kyverno.io",
	"/spec/rules/*/match/all/*/resources/namespaceSelector" BY_NAME},
    {"kyverno", "*.kyverno.io",
	"/spec/rules/*/exclude/any/*/resources/namespaceSelector" BY_NAME},
    {"gatekeeper", "Config.config.gatekeeper.sh",
	"/spec/match/*/excludedNamespaces/*"},
    {"gatekeeper", "*.mutations.gatekeeper.sh", "/spec/match/namespaces/*"},
    {"gatekeeper", "*.mutations.gatekeeper.sh",
	"/spec/match/excludedNamespaces/*"},
    {"crossplane", "*Usage.protection.crossplane.io",
	"/spec/of/resourceRef/namespace"},
    {"crossplane", "*Usage.protection.crossplane.io",
	"/spec/by/resourceRef/namespace"},
    {"argocd", "Application.argoproj.io",
	"/status/operationState/syncResult/resources/*/namespace"},
    {.system = NULL},
};

#define ENDS(system, kind, pointer, words)                                     \
	{                                                                      \
		system, kind, NULL, NULL, pointer, words, false                \
	}
#define ENDS_IF(system, kind, condition)                                       \
	{                                                                      \
		system, kind, NULL, condition, NULL, NULL, false               \
	}
const struct rule_finished rules_finished[] = {
    ENDS("workload", "Pod.core", "/status/phase", "Succeeded|Failed"),
    ENDS_IF("workload", "Job.batch", "Complete"),
    ENDS_IF("workload", "Job.batch", "Failed"),
    ENDS("argocd", "Experiment.argoproj.io", "/status/phase",
	"Successful|Failed|Error|Inconclusive"),
    ENDS("k8up", "Archive.k8up.io", "/status/finished", NULL),
    ENDS("k8up", "Check.k8up.io", "/status/finished", NULL),
    ENDS("k8up", "Prune.k8up.io", "/status/finished", NULL),
    {"rancher", "Backup.resources.cattle.io", "/spec/schedule", "Ready", NULL,
	NULL, false},
    ENDS("rancher", "Restore.resources.cattle.io",
	"/status/restoreCompletionTs", NULL),
    ENDS("kubevirt", "VirtualMachineInstance.kubevirt.io", "/status/phase",
	"Succeeded|Failed"),
    ENDS_IF("kueue", "Workload.kueue.x-k8s.io", "Finished"),
    {"ray", "RayJob.ray.io", "/spec/schedule", NULL,
	"/status/jobDeploymentStatus", "Complete|Failed", false},
    ENDS("spark", "SparkApplication.sparkoperator.k8s.io",
	"/status/applicationState/state", "COMPLETED|FAILED"),
    ENDS("percona", "PerconaServerMongoDBBackup.psmdb.percona.com",
	"/status/state", "ready|error"),
    ENDS("percona", "PerconaServerMongoDBRestore.psmdb.percona.com",
	"/status/state", "ready|error"),
    ENDS_IF("strimzi", "KafkaRebalance.kafka.strimzi.io", "Ready"),
    ENDS_IF("strimzi", "KafkaRebalance.kafka.strimzi.io", "Stopped"),
    ENDS(
	"longhorn", "SystemBackup.longhorn.io", "/status/state", "Ready|Error"),
    ENDS("longhorn", "SystemRestore.longhorn.io", "/status/state",
	"Completed|Error"),
    ENDS("longhorn", "SupportBundle.longhorn.io", "/status/state",
	"ReadyForDownload|Error|Replaced"),
    /* Restored with their status, they say what is there. */
    {.system = "longhorn", .kind = "Backup.longhorn.io", .never = true},
    {.system = "longhorn",
	.kind = "BackupBackingImage.longhorn.io",
	.never = true},
    {.system = "longhorn", .kind = "Snapshot.longhorn.io", .never = true},
    {.system = "storage",
	.kind = "Volume*Snapshot*.*snapshot.storage.k8s.io",
	.never = true},
    {.system = NULL},
};

static const char made_again[] = "made again by its controller";
static const char of_its_cluster[] = "describes the cluster that it was in";

const struct rule_derived rules_derived[] = {
    {"workload", "ResourceClaim.resource.k8s.io", NULL, "Pod.core",
	"made for its Pod"},
    {"karpenter", "NodeClaim.karpenter.sh", NULL, NULL,
	"a machine of the cluster that it was in"},
    {"kubevirt", "VirtualMachineInstance.kubevirt.io", NULL, "VirtualMachine",
	made_again},
    {"cilium", "CiliumEndpoint*.cilium.io", NULL, NULL, of_its_cluster},
    {"cilium", "CiliumIdentity.cilium.io", NULL, NULL, of_its_cluster},
    {"cilium", "CiliumNode.cilium.io", NULL, NULL, of_its_cluster},
    {"metallb", "*Status.metallb.io", NULL, NULL, of_its_cluster},
    {"kyverno", "*PolicyReport.wgpolicyk8s.io", NULL, NULL, made_again},
    {"kyverno", "*Report.openreports.io", NULL, NULL, made_again},
    {"kyverno", "*Report.reports.kyverno.io", NULL, NULL, made_again},
    {"kyverno", "*Report.kyverno.io", NULL, NULL, made_again},
    {"kyverno", "ValidatingAdmissionPolicy*.admissionregistration.k8s.io", NULL,
	"*Policy", made_again},
    {"kyverno", "MutatingAdmissionPolicy*.admissionregistration.k8s.io", NULL,
	"*Policy", made_again},
    {"gatekeeper", "*.status.gatekeeper.sh", NULL, NULL, of_its_cluster},
    {"gatekeeper", "ValidatingAdmissionPolicy.admissionregistration.k8s.io",
	NULL, "ConstraintTemplate.templates.gatekeeper.sh", made_again},
    {"gatekeeper",
	"ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io", NULL,
	"*.constraints.gatekeeper.sh", made_again},
    {"olm", "ClusterServiceVersion.operators.coreos.com", "olm.copiedFrom",
	NULL, "a copy of that of another namespace"},
    {"olm", "InstallPlan.operators.coreos.com", NULL, NULL,
	"made again for its Subscription"},
    {"crossplane", "*ProviderConfigUsage", NULL, NULL,
	"made again for what uses its configuration"},
    {"longhorn", "InstanceManager.longhorn.io", NULL, NULL, of_its_cluster},
    {"longhorn", "ShareManager.longhorn.io", NULL, NULL, made_again},
    {"longhorn", "BackingImageManager.longhorn.io", NULL, NULL, made_again},
    {"longhorn", "VolumeAttachment.longhorn.io", NULL, NULL, made_again},
    {"longhorn", "Orphan.longhorn.io", NULL, NULL, of_its_cluster},
    {"flux", "ExternalArtifact.source.toolkit.fluxcd.io",
	"source.extensions.fluxcd.io/generator", NULL,
	"made again by its ArtifactGenerator"},
    {.system = NULL},
};
