// What reads deployments for real, for the tests: kustomize, helm, compose, and the types and the "restricted" Pod Security Standard of Kubernetes.
//
//	deployment kustomize <folder>               the manifests
//	deployment helm <chart> [<values.yaml>]     the manifests, values checked against the chart's schema
//	deployment check < manifests                a line for each problem; exit code 1 when there is one
//	deployment compose <file>…                  the project as JSON, checked against the compose specification's schema
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"

	compose "github.com/compose-spec/compose-go/v2/cli"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return errors.New("kustomize, helm, check or compose?")
	}
	command, rest := args[0], args[1:]
	switch {
	case command == "kustomize" && len(rest) == 1:
		return kustomize(rest[0])
	case command == "helm" && (len(rest) == 1 || len(rest) == 2):
		return helm(rest)
	case command == "check" && len(rest) == 0:
		return check(os.Stdin)
	case command == "compose" && len(rest) > 0:
		return composeProject(rest)
	}
	return fmt.Errorf("can't do %q", args)
}

func kustomize(folder string) error {
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return err
	}
	text, err := resources.AsYaml()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(text)
	return err
}

func helm(args []string) error {
	loaded, err := loader.Load(args[0])
	if err != nil {
		return err
	}
	if err := loaded.Validate(); err != nil {
		return err
	}
	values := map[string]any{}
	if len(args) == 2 {
		file, err := os.Open(args[1])
		if err != nil {
			return err
		}
		defer file.Close()
		if values, err = loader.LoadValues(file); err != nil {
			return err
		}
	}
	manifests, err := render(loaded, values)
	if err != nil {
		return err
	}
	names := make([]string, 0, len(manifests))
	for name := range manifests {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if strings.HasSuffix(name, ".txt") || strings.TrimSpace(manifests[name]) == "" {
			continue
		}
		fmt.Printf("---\n# %s\n%s\n", name, manifests[name])
	}
	return nil
}

func render(loaded *chart.Chart, values map[string]any) (map[string]string, error) {
	release := common.ReleaseOptions{Name: "test", Namespace: "agents", Revision: 1, IsInstall: true}
	all, err := util.ToRenderValues(loaded, values, release, common.DefaultCapabilities)
	if err != nil {
		return nil, err
	}
	return engine.Engine{Strict: true}.Render(loaded, all)
}

// Names and types of fields are those of the API; a name that it does not know is a problem, as with `kubectl apply --validate=strict`.
func check(input io.Reader) error {
	decoder := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	restricted, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return err
	}
	documents := yaml.NewYAMLReader(bufio.NewReader(input))
	seen, problems := 0, 0
	report := func(name, what string) {
		problems++
		fmt.Printf("%s: %s\n", name, what)
	}
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if len(bytes.TrimSpace(withoutComments(document))) == 0 {
			continue
		}
		seen++
		object, kind, err := decoder.Decode(document, nil, nil)
		if err != nil {
			report(fmt.Sprintf("document %d", seen), err.Error())
			continue
		}
		meta, ok := object.(metav1.Object)
		if !ok || meta.GetName() == "" {
			report(kind.Kind, "has no name")
			continue
		}
		name := kind.Kind + "/" + meta.GetName()
		template, selector := podTemplate(object)
		if template == nil {
			continue
		}
		checkPod(template, selector, func(what string) { report(name, what) })
		level := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
		result := policy.AggregateCheckResults(restricted.EvaluatePod(level, &template.ObjectMeta, &template.Spec))
		if !result.Allowed {
			report(name, "not restricted: "+result.ForbiddenDetail())
		}
	}
	if seen == 0 {
		return errors.New("there was no manifest")
	}
	if problems > 0 {
		return fmt.Errorf("%d problems", problems)
	}
	fmt.Printf("%d manifests\n", seen)
	return nil
}

func withoutComments(document []byte) []byte {
	var kept [][]byte
	for _, line := range bytes.Split(document, []byte("\n")) {
		if trimmed := bytes.TrimSpace(line); !bytes.HasPrefix(trimmed, []byte("#")) && !bytes.Equal(trimmed, []byte("---")) {
			kept = append(kept, line)
		}
	}
	return bytes.Join(kept, []byte("\n"))
}

func podTemplate(object runtime.Object) (*corev1.PodTemplateSpec, *metav1.LabelSelector) {
	switch typed := object.(type) {
	case *appsv1.Deployment:
		return &typed.Spec.Template, typed.Spec.Selector
	case *appsv1.StatefulSet:
		return &typed.Spec.Template, typed.Spec.Selector
	case *appsv1.DaemonSet:
		return &typed.Spec.Template, typed.Spec.Selector
	case *batchv1.Job:
		return &typed.Spec.Template, nil
	}
	return nil, nil
}

// What the API server would refuse besides: types alone do not say what has to be there.
func checkPod(template *corev1.PodTemplateSpec, selector *metav1.LabelSelector, report func(string)) {
	if selector != nil {
		matcher, err := metav1.LabelSelectorAsSelector(selector)
		if err != nil || !matcher.Matches(labels.Set(template.Labels)) {
			report("the selector does not match the labels of the pods")
		}
	}
	volumes := map[string]bool{}
	for _, volume := range template.Spec.Volumes {
		if volumes[volume.Name] {
			report("two volumes " + volume.Name)
		}
		volumes[volume.Name] = true
	}
	if len(template.Spec.Containers) == 0 {
		report("no containers")
	}
	names, ports := map[string]bool{}, map[int32]string{}
	for _, container := range append(append([]corev1.Container{}, template.Spec.InitContainers...), template.Spec.Containers...) {
		if container.Name == "" || container.Image == "" {
			report("a container without a name or an image")
		}
		if names[container.Name] {
			report("two containers " + container.Name)
		}
		names[container.Name] = true
		portNames := map[string]bool{}
		for _, port := range container.Ports {
			if other, taken := ports[port.ContainerPort]; taken {
				report(fmt.Sprintf("port %d is that of %s and of %s", port.ContainerPort, other, container.Name))
			}
			ports[port.ContainerPort] = container.Name
			portNames[port.Name] = true
		}
		for _, probe := range []*corev1.Probe{container.StartupProbe, container.ReadinessProbe, container.LivenessProbe} {
			if probe != nil && probe.HTTPGet != nil && probe.HTTPGet.Port.StrVal != "" && !portNames[probe.HTTPGet.Port.StrVal] {
				report(container.Name + ": a probe asks port " + probe.HTTPGet.Port.StrVal + ", which it does not have")
			}
		}
		for _, mount := range container.VolumeMounts {
			if !volumes[mount.Name] {
				report(container.Name + " mounts " + mount.Name + ", which is not there")
			}
		}
	}
}

func composeProject(files []string) error {
	options, err := compose.NewProjectOptions(files, compose.WithName("test"), compose.WithEnv([]string{"OPENAI_API_KEY=none"}))
	if err != nil {
		return err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return err
	}
	text, err := project.MarshalJSON()
	if err != nil {
		return err
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, text, "", "  "); err != nil {
		return err
	}
	_, err = indented.WriteTo(os.Stdout)
	return err
}
