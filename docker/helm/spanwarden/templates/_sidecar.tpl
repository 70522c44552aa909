{{- /* The sidecar's container and its volumes: a chart of yours that has this one as a dependency may include them in its own pods. */ -}}
{{- define "spanwarden.sidecar" -}}
- name: spanwarden
  image: {{ .Values.sidecar.image | quote }}
  restartPolicy: Always
  args:
    - collect
    {{- range .Values.sidecar.configs }}
    - --config
    - /app/collector-config/{{ . }}.yaml
    {{- end }}
    {{- if and .Values.limits.enabled (not (has "guard" .Values.sidecar.configs)) }}
    - --config
    - /app/collector-config/guard.yaml
    {{- end }}
    - --config
    - /etc/spanwarden/spanwarden.yaml
  env:
    - { name: SPANWARDEN_OTLP_GRPC_ENDPOINT, value: '127.0.0.1:4317' }
    - { name: SPANWARDEN_OTLP_HTTP_ENDPOINT, value: '127.0.0.1:4318' }
    - { name: SPANWARDEN_HTTP_ENDPOINT, value: '0.0.0.0:8090' }
    - { name: SPANWARDEN_CONTROL_SOCKET, value: /run/spanwarden/control.sock }
    {{- range $name, $value := .Values.sidecar.env }}
    - { name: {{ $name }}, value: {{ $value | quote }} }
    {{- end }}
  {{- with .Values.sidecar.envFromSecret }}
  envFrom:
    - secretRef: { name: {{ . | quote }} }
  {{- end }}
  ports:
    - { name: sw-health, containerPort: 8090 }
    - { name: sw-agents, containerPort: 9464 }
    - { name: sw-metrics, containerPort: 8888 }
  startupProbe:
    httpGet: { path: /readyz, port: sw-health }
    periodSeconds: 1
    failureThreshold: 60
  readinessProbe:
    httpGet: { path: /readyz, port: sw-health }
    periodSeconds: 10
    timeoutSeconds: 5
  livenessProbe:
    httpGet: { path: /livez, port: sw-health }
    periodSeconds: 10
    timeoutSeconds: 10
    failureThreshold: 6
  resources: {{- toYaml .Values.sidecar.resources | nindent 4 }}
  securityContext:
    runAsNonRoot: true
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
    capabilities: { drop: [ALL] }
    seccompProfile: { type: RuntimeDefault }
  volumeMounts:
    - { name: spanwarden-state, mountPath: /var/lib/spanwarden }
    - { name: spanwarden-sockets, mountPath: /run/spanwarden }
    - { name: spanwarden-config, mountPath: /etc/spanwarden, readOnly: true }
{{- end }}

{{- define "spanwarden.volumes" -}}
- name: spanwarden-state
  {{- if .Values.persistence.enabled }}
  persistentVolumeClaim: { claimName: {{ printf "%s-state" .Release.Name | quote }} }
  {{- else }}
  emptyDir: { sizeLimit: {{ .Values.persistence.size | quote }} }
  {{- end }}
- name: spanwarden-sockets
  emptyDir: { medium: Memory, sizeLimit: 1Mi }
- name: spanwarden-config
  configMap: { name: {{ printf "%s-spanwarden" .Release.Name | quote }} }
{{- end }}

{{- define "spanwarden.labels" -}}
app.kubernetes.io/name: spanwarden
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}
