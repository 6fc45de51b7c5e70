variable "subscription" {
  type        = string
  description = "Subscription of the gallery and of the build machine."
}

variable "resource_group" {
  type        = string
  description = "Resource group of the gallery, in which the image is built too."
}

variable "gallery" {
  type    = string
  default = "waa_matrix"
}

variable "image" {
  type        = string
  default     = "waa-machine"
  description = "Image definition: Gen2, x64, without the Trusted Launch feature."
}

variable "version" {
  type        = string
  description = "Version to publish, three numbers: 2026.1101.1."
}

variable "regions" {
  type        = list(string)
  description = "Where to keep replicas; the group's own is among them."
}

variable "build_size" {
  type    = string
  default = "Standard_D4s_v5"
}

variable "source" {
  type        = string
  description = "An archive of this repository: git archive --output source.tar HEAD."
}

variable "arena_image" {
  type        = string
  default     = "windowsarena/winarena:latest"
  description = "Container image that machines have at boot. By digest, the build can be repeated."
}

variable "golden_url_file" {
  type        = string
  default     = "/dev/null"
  description = "A local file whose one line is the address of golden.tar; it holds a SAS."
}

variable "golden_sha256" {
  type        = string
  default     = ""
  description = "Digest of golden.tar. Empty: an image without Windows."
}

variable "golden_expires" {
  type        = string
  default     = ""
  description = "The day on which the golden image's evaluation ends: 2027-02-20."
}

variable "runner_version" {
  type        = string
  default     = ""
  description = "Release of the actions runner: 2.330.0. Empty: the newest, and no tag that names it."
}

variable "golden_disk_gb" {
  type        = number
  default     = 128
  description = "Of premium storage 128 GB are a P10 (500 operations and 100 MB a second), 64 a P6."
}

variable "client_id" {
  type        = string
  default     = ""
  description = "With oidc_request_url: the identity that a workflow signs in as."
}

variable "tenant_id" {
  type    = string
  default = ""
}

variable "oidc_request_url" {
  type        = string
  default     = ""
  description = "ACTIONS_ID_TOKEN_REQUEST_URL of a workflow's job. Empty: az's login."
}

variable "oidc_request_token" {
  type        = string
  default     = ""
  sensitive   = true
  description = "ACTIONS_ID_TOKEN_REQUEST_TOKEN, by PKR_VAR_oidc_request_token: on no command line."
}
