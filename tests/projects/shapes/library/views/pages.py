"""Pages whose templates ask for something about each row."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.views.generic import ListView

from library.models import Book
from library.paging import size


def template_loop(request: HttpRequest) -> HttpResponse:
    books = Book.objects.order_by("pk")[: size(request)]  # queryset: template-loop
    return render(request, "library/template_loop.html", {"books": books})


def template_tag(request: HttpRequest) -> HttpResponse:
    books = Book.objects.order_by("pk")[: size(request)]  # queryset: template-tag
    return TemplateResponse(request, "library/template_tag.html", {"books": books})


def inclusion_tag(request: HttpRequest) -> HttpResponse:
    books = Book.objects.order_by("pk")[: size(request)]  # queryset: inclusion-tag
    return TemplateResponse(request, "library/inclusion_tag.html", {"books": books})


class BookList(ListView):
    queryset = Book.objects.order_by("pk")  # queryset: list-view
    paginate_by = 30
    template_name = "library/list_view.html"
    context_object_name = "books"

    def get_paginate_by(self, queryset: object) -> int:
        return int(self.request.GET.get("page_size", self.paginate_by))
