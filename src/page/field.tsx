interface FieldProps {
  readonly label: string
  readonly value: string
  readonly isSecret?: boolean
  onInput(value: string): void
}

/** A labelled input of one line. */
export function Field({ label, value, isSecret = false, onInput }: FieldProps) {
  const rest = { value, maxLength: 200, autocomplete: 'off' } as const
  return (
    <label>
      <span class="muted">{label}</span>
      {isSecret ? (
        <input type="password" {...rest} onInput={(event) => onInput(event.currentTarget.value)} />
      ) : (
        <input type="text" {...rest} onInput={(event) => onInput(event.currentTarget.value)} />
      )}
    </label>
  )
}
